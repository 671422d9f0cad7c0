namespace Tidelock.Postgres;

/// <summary>Names and literals as SQL text. Every identifier that reaches SQL goes through here.</summary>
public static class Identifiers
{
    /// <summary>The identifier in double quotes, inner quotes doubled.</summary>
    public static string Quote(string identifier) =>
        "\"" + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>A string literal that is safe whatever standard_conforming_strings says.</summary>
    public static string Literal(string text) =>
        text.Contains('\\', StringComparison.Ordinal)
            ? " E'"
                + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)
                + "'"
            : "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}
