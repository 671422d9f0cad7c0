using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>Which statements belong into which kind of file.</summary>
internal static class StatementRules
{
    private static readonly string[] Control =
    [
        "begin",
        "start",
        "commit",
        "end",
        "rollback",
        "abort",
        "savepoint",
        "release",
    ];

    /// <summary>Why it cannot be run on its own, each statement in a transaction of its own; null when it can.</summary>
    public static Message? Refusal(SqlStatement statement) =>
        RefusalCode(statement) is { } code ? statement.Mistake("migrations.statements." + code) : null;

    /// <summary>The first statement that PostgreSQL refuses in a transaction; null where none is known to be one.</summary>
    public static SqlStatement? NeedsNone(StatementFile file) => file.Statements.FirstOrDefault(NeedsNone);

    private static string? RefusalCode(SqlStatement s) =>
        s.Tokens[0].IsSymbol('\\') ? "meta-command"
        : Control.Any(w => s.Begins(w)) || s.Begins("prepare", "transaction") ? "control"
        : s.Begins("set", "local") || s.Begins("set", "transaction") || s.Begins("set", "constraints") ? "set-local"
        : s.Begins("lock") ? "set-local"
        : Sets(s, "lock_timeout") ? "lock-timeout"
        : s.Begins("alter", "system") ? "alter-system"
        : Undoes(s) ? "own-setting"
        : s.Begins("copy") && (s.Has("stdin") || s.Has("stdout")) ? "copy"
        : s.Begins("reindex") && Reindexing.Read(s) is null ? "reindex-all"
        : IndexCreation.Read(s) is { IsConcurrent: true, Name: null } ? "unnamed-index"
        : null;

    /// <summary>Whether it undoes what Tidelock's sessions need, or sets what nobody would set again after a crash.</summary>
    private static bool Undoes(SqlStatement s) =>
        Sets(s, "application_name")
        || Sets(s, "synchronous_commit")
        || s.Begins("reset", "all")
        || s.Begins("discard")
        || (!s.Begins("create") && s.Tokens.Any(t => t.IsName && t.Value == "set_config"));

    /// <summary>Names of settings have no case, not even in quotes.</summary>
    private static bool Sets(SqlStatement s, string setting)
    {
        var names = new SqlNames(s.Tokens, 0);
        if (names.Takes("set", "session") || names.Takes("set") || names.Takes("reset"))
        {
            return string.Equals(names.Name(), setting, StringComparison.OrdinalIgnoreCase);
        }

        return false;
    }

    private static bool NeedsNone(SqlStatement s) =>
        s.Begins("vacuum")
        || s.Begins("create", "database")
        || s.Begins("drop", "database")
        || s.Begins("create", "tablespace")
        || s.Begins("drop", "tablespace")
        || (
            s.Has("concurrently")
            && (
                s.Begins("create", "index", "concurrently")
                || s.Begins("create", "unique", "index", "concurrently")
                || s.Begins("drop", "index", "concurrently")
                || (s.Begins("reindex") && Reindexing.Read(s) is not { IsConcurrent: false })
            )
        );
}
