namespace Tidelock.Postgres;

/// <summary>Statements that read a relation in Tidelock's name, told from the application's in pg_stat_statements by their text.</summary>
internal static class OwnStatement
{
    public const string Sign = "/* tidelock */";

    /// <summary>The statement with our sign before it. The server's columns and line numbers of errors stay those of the line.</summary>
    public static string Mark(string sql) => $"{Sign} {sql}";
}
