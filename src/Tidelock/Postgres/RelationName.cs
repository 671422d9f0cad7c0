using System.Text;

namespace Tidelock.Postgres;

/// <summary>A relation's schema-qualified name, unquoted parts: <c>public</c> and <c>attempt</c>.</summary>
/// <param name="Schema">The schema; <c>public</c> where the author gave none.</param>
/// <param name="Name">The relation.</param>
public sealed record RelationName(string Schema, string Name)
{
    /// <summary>As SQL: <c>"public"."attempt"</c>.</summary>
    public string Sql => $"{Identifiers.Quote(Schema)}.{Identifiers.Quote(Name)}";

    /// <summary>As people read it, quoted only where it must be: <c>public.attempt</c>.</summary>
    public override string ToString() => $"{Plain(Schema)}.{Plain(Name)}";

    /// <summary>
    /// Reads a name as PostgreSQL does: unquoted parts are folded to lower case, quoted ones kept. Null when it is not one name
    /// or one schema and name.
    /// </summary>
    public static RelationName? TryParse(string text)
    {
        var parts = Parts(text.Trim());
        return parts switch
        {
            [var name] => new RelationName("public", name),
            [var schema, var name] => new RelationName(schema, name),
            _ => null,
        };
    }

    private static List<string>? Parts(string text)
    {
        var parts = new List<string>();
        var at = 0;
        while (true)
        {
            var part = at < text.Length && text[at] == '"' ? Quoted(text, ref at) : Unquoted(text, ref at);
            if (part is null or "")
            {
                return null;
            }

            parts.Add(part);
            if (at == text.Length)
            {
                return parts;
            }

            if (text[at++] != '.')
            {
                return null;
            }
        }
    }

    private static string? Quoted(string text, ref int at)
    {
        var part = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"')
            {
                part.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '"')
            {
                part.Append(text[at++]);
            }
            else
            {
                at++;
                return part.ToString();
            }
        }

        return null;
    }

    private static string? Unquoted(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && (char.IsLetterOrDigit(text[at]) || text[at] is '_' or '$'))
        {
            at++;
        }

        return start < text.Length && (char.IsLetter(text[start]) || text[start] == '_')
            ? text[start..at].ToLowerInvariant()
            : null;
    }

    private static string Plain(string part)
    {
        var at = 0;
        return string.Equals(Unquoted(part, ref at), part, StringComparison.Ordinal) && at == part.Length
            ? part
            : Identifiers.Quote(part);
    }
}
