using System.Text.Json;
using Tidelock.Migrations.Statements;

namespace Tidelock.Rehearsals;

/// <summary>What PostgreSQL expects of a query, from <c>EXPLAIN (VERBOSE, FORMAT JSON)</c>: nothing is executed.</summary>
/// <param name="Cost">The estimated cost of all rows, in the planner's units.</param>
/// <param name="Temporary">An estimate of the bytes that do not fit into <c>work_mem</c>.</param>
/// <param name="ForeignTables">What is read from other servers.</param>
/// <param name="Expressions">What is computed, as PostgreSQL writes it: views are resolved and row security is added.</param>
internal sealed record QueryPlan(
    double Cost,
    long Temporary,
    IReadOnlyList<string> ForeignTables,
    IReadOnlyList<string> Expressions
)
{
    /// <summary>What a row needs in memory besides its values.</summary>
    private const int RowHeader = 24;

    private static readonly string[] Spilling = ["Sort", "Incremental Sort", "Hash", "Materialize", "CTE Scan"];

    /// <param name="json">What EXPLAIN said.</param>
    /// <param name="memory"><c>work_mem</c> in bytes.</param>
    public static QueryPlan Parse(string json, long memory)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement[0].GetProperty("Plan");
        var nodes = Nodes(root).ToList();
        return new QueryPlan(
            root.GetProperty("Total Cost").GetDouble(),
            (long)nodes.Select(n => Spilled(n, memory)).Sum(),
            [.. nodes.Where(n => Text(n, "Node Type") == "Foreign Scan").Select(Foreign).Distinct()],
            [.. nodes.SelectMany(Texts)]
        );
    }

    /// <summary>The names of functions that are called, with the schema where it is written; also words of the language before a parenthesis.</summary>
    public IEnumerable<(string? Schema, string Name)> Calls()
    {
        foreach (var expression in Expressions)
        {
            var tokens = SqlLexer.Read(expression).Tokens;
            for (var i = 0; i + 1 < tokens.Count; i++)
            {
                if (tokens[i].IsName && tokens[i + 1].IsSymbol('('))
                {
                    var schema =
                        i > 1 && tokens[i - 1].IsSymbol('.') && tokens[i - 2].IsName ? tokens[i - 2].Value : null;
                    yield return (schema, tokens[i].Value);
                }
            }
        }
    }

    private static IEnumerable<JsonElement> Nodes(JsonElement node) =>
        node.TryGetProperty("Plans", out var below) ? below.EnumerateArray().SelectMany(Nodes).Prepend(node) : [node];

    private static double Spilled(JsonElement node, long memory)
    {
        var kind = Text(node, "Node Type");
        if (!Spilling.Contains(kind) && !(kind == "Aggregate" && Text(node, "Strategy") is "Hashed" or "Mixed"))
        {
            return 0;
        }

        var bytes =
            node.GetProperty("Plan Rows").GetDouble() * (node.GetProperty("Plan Width").GetDouble() + RowHeader);
        return bytes > memory ? bytes : 0;
    }

    /// <summary>A join of several on their server names no relation of its own.</summary>
    private static string Foreign(JsonElement node) =>
        Text(node, "Relation Name") is { } name ? $"{Text(node, "Schema")}.{name}" : Text(node, "Relations") ?? "?";

    /// <summary>What is sent to other servers is theirs to compute.</summary>
    private static IEnumerable<string> Texts(JsonElement node) =>
        node.EnumerateObject()
            .Where(p => p.Name is not ("Plans" or "Remote SQL" or "Node Type"))
            .SelectMany<JsonProperty, JsonElement>(p =>
                p.Value.ValueKind == JsonValueKind.Array ? p.Value.EnumerateArray() : [p.Value]
            )
            .Where(v => v.ValueKind == JsonValueKind.String)
            .Select(v => v.GetString()!);

    private static string? Text(JsonElement node, string name) =>
        node.TryGetProperty(name, out var value) ? value.GetString() : null;
}
