using System.Globalization;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>Reads <c>compare:</c>.</summary>
internal sealed class CompareSection : IChangeSection
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    private static readonly CompareOptions None = new(
        [],
        new Dictionary<string, ContentExpectation>(),
        ContentExpectation.Same,
        Within,
        null
    );

    public string Key => "compare";

    public string SchemaFragment => SchemaFragments.Beside<CompareSection>("compare");

    public bool PerEnvironment => false;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (!node.Exists || !node.Only("key", "expect", "rows", "within", "sample", "temporary", "evaluate").IsMapping)
        {
            return None;
        }

        node["key"].Require();
        var contract = earlier.Get<Contract>();
        var key = node["key"].Items.Select(c => KeyColumn(c, contract)).ToList();
        if (node["key"].IsList && key.Count == 0)
        {
            node["key"].Mistake(Message.Of("contracts.compare.no-key"));
        }

        return new CompareOptions(
            key,
            node["expect"].Entries.ToDictionary(e => e.Key, e => ReadExpectation(e, key), StringComparer.Ordinal),
            Expectation(node["rows"]),
            node["within"].Duration(Within, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)),
            ReadSample(node["sample"])
        )
        {
            Temporary = ReadTemporary(node["temporary"]) ?? None.Temporary,
            Evaluate = node["evaluate"].Items.Select(ReadEvaluation).ToHashSet(),
        };
    }

    private static string KeyColumn(ChangeNode node, Contract contract)
    {
        var name = node.Text();
        if (name.Length > 0 && contract.Relation is not null && contract.Columns.All(c => c.Name != name))
        {
            var known = string.Join(", ", contract.Columns.Select(c => c.Name));
            node.Mistake(Message.Of("contracts.column.unknown", ("column", name), ("known", known)));
        }

        return name;
    }

    private static ContentExpectation ReadExpectation(KeyValuePair<string, ChangeNode> entry, List<string> key)
    {
        var expectation = Expectation(entry.Value);
        if (expectation == ContentExpectation.Changed && key.Contains(entry.Key, StringComparer.Ordinal))
        {
            entry.Value.Mistake(Message.Of("contracts.compare.key-changed", ("column", entry.Key)));
        }

        return expectation;
    }

    private static ContentExpectation Expectation(ChangeNode node) =>
        node.Word(ContentExpectation.Same, ("same", ContentExpectation.Same), ("changed", ContentExpectation.Changed));

    private static OutsideEvaluation ReadEvaluation(ChangeNode node) =>
        node.Word(
            OutsideEvaluation.ForeignTables,
            ("foreign tables", OutsideEvaluation.ForeignTables),
            ("volatile functions", OutsideEvaluation.VolatileFunctions)
        );

    /// <summary>As PostgreSQL writes sizes: <c>500MB</c>, <c>10GB</c>, <c>1TB</c>.</summary>
    private static long? ReadTemporary(ChangeNode node)
    {
        if (!node.Exists)
        {
            return null;
        }

        var text = node.AnyText() ?? "";
        var unit = Array.IndexOf(["MB", "GB", "TB"], text.Length > 2 ? text[^2..] : "");
        if (
            unit >= 0
            && int.TryParse(text[..^2].TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is > 0 and <= 100_000
        )
        {
            return (long)count << (20 + (10 * unit));
        }

        node.Mistake(Message.Of("contracts.compare.temporary-form", ("text", text)));
        return null;
    }

    private static double? ReadSample(ChangeNode node)
    {
        if (!node.Exists)
        {
            return null;
        }

        var text = node.AnyText() ?? "";
        if (
            text.EndsWith('%')
            && double.TryParse(
                text[..^1].TrimEnd(),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var percent
            )
            && percent is > 0 and < 100
        )
        {
            return percent / 100;
        }

        node.Mistake(Message.Of("contracts.compare.sample", ("text", text)));
        return null;
    }
}
