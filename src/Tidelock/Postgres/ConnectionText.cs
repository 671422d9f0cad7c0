using System.Text;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// Reads the two written forms of a libpq connection string into parameters. No message repeats a part of the text that could be
/// a piece of the password, which is likely where the text is malformed.
/// </summary>
internal static class ConnectionText
{
    /// <summary>Whether it begins as a connection string does: with a scheme, or with a parameter libpq knows and an equals sign.</summary>
    public static bool IsOne(string text) =>
        IsUri(text) || (text.Split('=', 2) is [var name, _] && ConnectionParameters.IsKnown(name.TrimEnd()));

    public static Dictionary<string, string> Read(string text) =>
        IsUri(text) ? ConnectionUri.Read(text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..]) : ReadPairs(text);

    private static bool IsUri(string text) =>
        text.StartsWith("postgresql://", StringComparison.Ordinal)
        || text.StartsWith("postgres://", StringComparison.Ordinal);

    /// <summary>Takes a parameter in, if libpq knows it.</summary>
    public static void Add(Dictionary<string, string> into, string name, string value, bool mayName)
    {
        if (!ConnectionParameters.IsKnown(name))
        {
            throw Unknown(name, mayName);
        }

        if (ConnectionParameters.Unsupported.ContainsKey(name) && value.Length > 0)
        {
            throw Mistake(Message.Of("postgres.target.unsupported-parameter", ("name", name)));
        }

        into[name] = value;
    }

    public static TidelockException Mistake(Message problem) => new(problem, ExitCode.Mistake);

    private static TidelockException Unknown(string name, bool mayName) =>
        ConnectionParameters.Resembling(name) is { } meant
            ? Mistake(Message.Of("postgres.target.misspelt-parameter", ("name", name), ("meant", meant)))
        : mayName ? Mistake(Message.Of("postgres.target.unknown-parameter", ("name", name)))
        : Mistake(Message.Of("postgres.target.unknown-parameter-unnamed"));

    /// <summary><c>host=db user='o''brien \'x\''</c>, with libpq's rules for blanks, quotes and backslashes.</summary>
    private static Dictionary<string, string> ReadPairs(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var at = 0;
        while (SkipBlanks(text, ref at) < text.Length)
        {
            var start = at;
            while (at < text.Length && text[at] != '=' && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            var name = text[start..at];
            if (SkipBlanks(text, ref at) == text.Length || text[at] != '=' || name.Length == 0)
            {
                throw Mistake(Message.Of("postgres.target.not-a-connection-string"));
            }

            at++;
            SkipBlanks(text, ref at);
            var value = at < text.Length && text[at] == '\'' ? Quoted(text, ref at) : Bare(text, ref at);
            var afterPassword = text[..start].Contains("password", StringComparison.OrdinalIgnoreCase);
            Add(found, name, value, mayName: !afterPassword);
        }

        return found.Count > 0 ? found : throw Mistake(Message.Of("postgres.target.not-a-connection-string"));
    }

    private static int SkipBlanks(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    private static string Bare(string text, ref int at)
    {
        var value = new StringBuilder();
        for (; at < text.Length && !char.IsWhiteSpace(text[at]); at++)
        {
            if (text[at] != '\\')
            {
                value.Append(text[at]);
            }
            else if (++at < text.Length)
            {
                value.Append(text[at]);
            }
        }

        return value.ToString();
    }

    private static string Quoted(string text, ref int at)
    {
        var value = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\'')
            {
                at++;
                return value.ToString();
            }

            at += text[at] == '\\' ? 1 : 0;
            value.Append(at < text.Length ? text[at] : "");
        }

        throw Mistake(Message.Of("postgres.target.unterminated-quote"));
    }
}
