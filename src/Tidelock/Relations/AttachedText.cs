using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>A rule, trigger or index as PostgreSQL writes it: what it is attached to stands in it once, behind its name.</summary>
/// <param name="Kind"><c>rule</c>, <c>trigger</c> or <c>index</c>.</param>
/// <param name="Name">Its name, unquoted or as SQL.</param>
/// <param name="Table">The table or view it is attached to, as this server quotes it.</param>
/// <param name="Text">The whole statement.</param>
internal sealed record AttachedText(string Kind, string Name, string Table, string Text)
{
    /// <summary>What may stand before the name.</summary>
    private string[] Beginnings =>
        Kind switch
        {
            "rule" => ["CREATE RULE "],
            "trigger" => ["CREATE TRIGGER ", "CREATE CONSTRAINT TRIGGER "],
            _ => ["CREATE INDEX ", "CREATE UNIQUE INDEX "],
        };

    /// <summary>The same on another table, under the same name but for an index; null when the text is not as expected.</summary>
    public string? On(RelationName twin)
    {
        if (Split() is not (var head, var rest))
        {
            return null;
        }

        var before = Kind == "rule" ? " TO " : " ON ";
        var at = rest.IndexOf(before + Table, StringComparison.Ordinal);
        var end = at + before.Length + Table.Length;
        return at < 0 || end == rest.Length || !char.IsWhiteSpace(rest[end])
            ? null
            : head + rest[..at] + before + twin.Sql + rest[end..];
    }

    /// <summary>Up to its name, and what follows; an index is unique in a whole schema and gets a name of PostgreSQL's.</summary>
    private (string Head, string Tail)? Split()
    {
        foreach (var beginning in Beginnings)
        {
            foreach (var name in new[] { Name, Identifiers.Quote(Name) })
            {
                if (Text.StartsWith($"{beginning}{name} ", StringComparison.Ordinal))
                {
                    return (
                        Kind == "index" ? beginning.TrimEnd() : beginning + name,
                        Text[(beginning.Length + name.Length)..]
                    );
                }
            }
        }

        return null;
    }
}
