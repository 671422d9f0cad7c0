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

    /// <summary>Of statements that work on rows, those that are no queries.</summary>
    private static readonly string[] Writing = ["insert", "update", "delete", "merge", "copy", "declare"];

    /// <summary>What stands before a relation that is written, copied, or merged from.</summary>
    private static readonly string[] BeforeWritten = ["into", "update", "copy", "using"];

    public static bool IsIn(string statement, RelationName relation)
    {
        var words = Read(statement);
        return IsQuery(words) && Sources(words).Any(s => IsRelation(words, s, relation));
    }

    /// <summary>Whether it works on the relation's rows in any way: by a query, or as what is written, copied or read by what writes.</summary>
    public static bool IsUsedIn(string statement, RelationName relation)
    {
        var words = Read(statement);
        var written = Enumerable
            .Range(1, Math.Max(0, words.Count - 1))
            .Where(i => BeforeWritten.Contains(words[i - 1].ToLowerInvariant(), StringComparer.Ordinal));
        return (IsQuery(words) || Writing.Contains(First(words), StringComparer.Ordinal))
            && Sources(words).Concat(written).Any(s => IsRelation(words, s, relation));
    }

    /// <summary>Whether it asks for all columns of something, whichever those are.</summary>
    public static bool HasStar(string statement)
    {
        var words = Read(statement);
        return Enumerable
            .Range(1, Math.Max(0, words.Count - 1))
            .Any(i => words[i] == "*" && words[i - 1].ToLowerInvariant() is "select" or "." or "distinct" or "all");
    }

    private static List<string> Read(string statement) =>
        Words().Matches(statement).Where(m => !m.Groups["skip"].Success).Select(m => m.Value).ToList();

    private static string? First(List<string> words) => words.FirstOrDefault(w => w is not "(")?.ToLowerInvariant();

    private static bool IsQuery(List<string> words) => First(words) is "select" or "with" or "table";

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
