using Npgsql;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>A statement made from an author's file, so that PostgreSQL's position can be told as a line and column of that file.</summary>
/// <param name="File">The file.</param>
/// <param name="Prefix">What stands before its text in the statement.</param>
/// <param name="Suffix">And behind it.</param>
internal sealed record AuthorsSql(ChangeFile File, string Prefix, string Suffix = "")
{
    public string Sql => Prefix + File.Text + Suffix;

    /// <summary>The error with file, line and column; without them where PostgreSQL names no position in the file.</summary>
    public Message Explain(PostgresException error)
    {
        var position = error.InternalPosition > 0 ? error.InternalPosition : error.Position - Runes(Prefix);
        if (position <= 0)
        {
            return Message.Of(
                "migrations.sql.failed",
                ("file", File.Path),
                ("state", error.SqlState),
                ("reason", Reason(error))
            );
        }

        var before = File.Text.EnumerateRunes().Take(position - 1).Select(r => r.ToString()).ToList();
        var line = before.Count(r => r == "\n") + 1;
        var column = before.Count - before.LastIndexOf("\n");
        return Message.Of(
            IsMetaCommand(error, before.Count) ? "migrations.sql.meta-command" : "migrations.sql.failed-at",
            ("file", File.Path),
            ("line", line),
            ("column", column),
            ("state", error.SqlState),
            ("reason", Reason(error))
        );
    }

    /// <summary>What PostgreSQL said, with its hint; its detail may hold values of rows and is not read.</summary>
    public static string Reason(PostgresException error) =>
        string.Join(" · ", new[] { error.MessageText, error.Hint }.Where(t => !string.IsNullOrEmpty(t)));

    private bool IsMetaCommand(PostgresException error, int at) =>
        error.SqlState == PostgresErrorCodes.SyntaxError
        && File.Text.EnumerateRunes().Skip(at).Select(r => r.Value).FirstOrDefault() == '\\';

    private static int Runes(string text) => text.EnumerateRunes().Count();
}
