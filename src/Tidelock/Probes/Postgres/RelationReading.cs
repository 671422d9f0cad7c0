using System.Text.RegularExpressions;
using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>
/// Whether a statement is a query with a relation in one of its FROM clauses, by its text: quoted, qualified or not, but neither as a
/// column nor as an alias. What it cannot see: a query of another view or function that reads the relation, a WITH query of the same
/// name, and which schema an unqualified name means.
/// </summary>
internal static partial class RelationReading
{
    private static readonly string[] From = ["from", "join", "table"];
    private static readonly string[] BeforeRelation = ["from", "join", "table", "only", "lateral", ",", "("];

    /// <summary>Words that end a FROM clause, or stand between its relations.</summary>
    private static readonly string[] Clauses =
    [
        "select",
        "where",
        "group",
        "order",
        "having",
        "window",
        "limit",
        "offset",
        "fetch",
        "for",
        "union",
        "except",
        "intersect",
        "values",
        "returning",
        "set",
    ];

    public static bool IsIn(string statement, RelationName relation)
    {
        var words = Words().Matches(statement).Where(m => !m.Groups["skip"].Success).Select(m => m.Value).ToList();
        var first = words.FirstOrDefault(w => w is not "(")?.ToLowerInvariant();
        return first is "select" or "with" or "table" && Sources(words).Any(s => IsRelation(words, s, relation));
    }

    /// <summary>Where in the words a relation of a FROM clause is named. A parenthesis has clauses of its own.</summary>
    private static IEnumerable<int> Sources(List<string> words)
    {
        var clauses = new Stack<bool>();
        var isFrom = false;
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i].ToLowerInvariant();
            if (isFrom && i > 0 && BeforeRelation.Contains(words[i - 1].ToLowerInvariant(), StringComparer.Ordinal))
            {
                yield return i;
            }

            if (word == "(")
            {
                clauses.Push(isFrom);
            }
            else if (word == ")")
            {
                isFrom = clauses.TryPop(out var outer) && outer;
            }
            else if (word != "from" || i == 0 || !words[i - 1].Equals("distinct", StringComparison.OrdinalIgnoreCase))
            {
                isFrom =
                    From.Contains(word, StringComparer.Ordinal)
                    || (isFrom && !Clauses.Contains(word, StringComparer.Ordinal));
            }
        }
    }

    private static bool IsRelation(List<string> words, int at, RelationName relation)
    {
        var isQualified = words.ElementAtOrDefault(at + 1) == ".";
        return isQualified
            ? Means(words[at], relation.Schema) && Means(words.ElementAtOrDefault(at + 2), relation.Name)
            : Means(words[at], relation.Name);
    }

    private static bool Means(string? word, string name) =>
        word is not null
        && string.Equals(
            word.StartsWith('"')
                ? word[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
                : word.ToLowerInvariant(),
            name,
            StringComparison.Ordinal
        );

    /// <summary>Comments, strings and numbers are skipped; names, quoted names and single signs are words.</summary>
    [GeneratedRegex(
        """
            (?<skip>--[^\n]*|/\*.*?\*/|[eE]?'(?:[^'\\]|''|\\.)*'|\$(?<tag>\w*)\$.*?\$\k<tag>\$|\$\d+|\d[\w.]*|\s+)|"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{Nd}_$]*|.
            """,
        RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace,
        1000
    )]
    private static partial Regex Words();
}
