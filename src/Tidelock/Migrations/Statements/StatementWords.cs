using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>What is said about a statement that did not simply succeed.</summary>
internal static class StatementWords
{
    public static Message Of(string code, SqlStatement statement, int count) =>
        Message.Of(
            code,
            ("file", statement.File.Path),
            ("line", statement.Line),
            ("statement", statement.Shown),
            ("number", statement.Number),
            ("count", count)
        );

    /// <summary>PostgreSQL's error with its place in the file, and what was tidied up after it.</summary>
    public static Message Failed(SqlStatement statement, PostgresException error, IReadOnlyList<string> dropped)
    {
        var (line, column) = Place(statement, error.Position);
        return Message.Of(
            dropped.Count == 0 ? "migrations.statements.failed" : "migrations.statements.failed-dropped",
            ("file", statement.File.Path),
            ("line", line),
            ("column", column),
            ("statement", statement.Shown),
            ("state", error.SqlState),
            ("reason", AuthorsSql.Reason(error)),
            ("indexes", string.Join(", ", dropped))
        );
    }

    public static Message NotGranted(
        SqlStatement statement,
        int count,
        MigrationOutcome.LockNotGranted refused,
        TimeSpan total
    ) =>
        Message.Of(
            refused.Blockers.Count == 0 ? "migrations.statements.not-granted" : "migrations.statements.not-granted-for",
            ("file", statement.File.Path),
            ("line", statement.Line),
            ("statement", statement.Shown),
            ("number", statement.Number),
            ("count", count),
            ("tries", refused.Tries),
            ("total", total),
            ("blockers", string.Join("; ", refused.Blockers.Select(b => $"{b.ProcessId} {b.User} {b.Application}")))
        );

    public static MigrationOutcome.Unknown Unknown(SqlStatement statement, string why, int count) =>
        new("", Of("migrations.statements." + why, statement, count)) { InPart = true };

    /// <summary>An invalid index stays.</summary>
    public static MigrationOutcome.Unknown Left(SqlStatement statement, Message problem, Message? reason = null) =>
        new(
            "",
            Message.Of(
                "migrations.statements.left",
                ("problem", problem),
                ("reason", reason ?? statement.Mistake("migrations.statements.cut-off"))
            )
        )
        {
            InPart = true,
        };

    /// <summary>It failed, and may have committed a part of its work before.</summary>
    public static MigrationOutcome.Unknown Half(SqlStatement statement, Message reason) =>
        new("", Message.Of("migrations.statements.half", ("reason", reason), ("statement", statement.Shown)))
        {
            InPart = true,
        };

    /// <summary>Indexes that were good before it are invalid now, or a partition is neither attached nor detached.</summary>
    public static MigrationOutcome.Unknown HalfDone(
        SqlStatement statement,
        StatementKind kind,
        IReadOnlyList<string> objects,
        PostgresException? error = null
    ) =>
        new(
            "",
            Message.Of(
                kind.HalfCode,
                (
                    "reason",
                    error is null
                        ? statement.Mistake("migrations.statements.cut-off")
                        : Plain(statement, "migrations.statements.stopped-by", Reason(error))
                ),
                ("indexes", string.Join(", ", objects))
            )
        )
        {
            InPart = true,
        };

    /// <summary>A question beside the statement failed before the statement began.</summary>
    public static Message NotBegun(SqlStatement statement, string reason) =>
        Plain(statement, "migrations.statements.not-begun", reason);

    /// <summary>A question beside the statement failed after the statement had begun.</summary>
    public static MigrationOutcome.Unknown Unsettled(SqlStatement statement, string reason) =>
        new("", Plain(statement, "migrations.statements.unsettled", reason)) { InPart = true };

    public static string Reason(Exception e) =>
        e is PostgresException error ? $"{AuthorsSql.Reason(error)} (SQLSTATE {error.SqlState})" : e.Message;

    private static Message Plain(SqlStatement statement, string code, string reason) =>
        Message.Of(
            code,
            ("file", statement.File.Path),
            ("line", statement.Line),
            ("statement", statement.Shown),
            ("reason", reason)
        );

    /// <summary>Line and column in the file of a position in the statement, which PostgreSQL counts in characters from 1.</summary>
    private static (int Line, int Column) Place(SqlStatement statement, int position)
    {
        var before = string.Concat(statement.Text.EnumerateRunes().Take(Math.Max(0, position - 1)));
        var at = statement.Tokens[0].Start + before.Length;
        var lineStart = at == 0 ? 0 : statement.File.Text.LastIndexOf('\n', at - 1) + 1;
        return (SqlStatement.LineOf(statement.File.Text, at), at - lineStart + 1);
    }
}
