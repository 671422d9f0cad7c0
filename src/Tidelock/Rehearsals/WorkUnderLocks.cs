using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// Statements of an author's file that work on rows behind the first lock that readers wait for. On a copy without rows they take no time;
/// on the target readers wait for as long as they take.
/// </summary>
internal static class WorkUnderLocks
{
    private static readonly string[][] OnRows =
    [
        ["insert"],
        ["update"],
        ["delete"],
        ["merge"],
        ["copy"],
        ["select"],
        ["with"],
        ["do"],
        ["call"],
        ["refresh"],
        ["reindex"],
        ["create", "index"],
        ["create", "unique"],
        ["create", "materialized"],
    ];

    /// <summary>None where the file takes no such lock, or nobody knows in which statement.</summary>
    public static IReadOnlyList<Message> Of(Migration migration, IReadOnlyList<RehearsedStatement> rehearsed)
    {
        if (migration is not SqlMigration { Up: var file })
        {
            return [];
        }

        var statements = StatementFile.Read(file).Statements;
        var done = rehearsed.Where(s => s.Locks.Any(IsExclusive)).ToList();
        var first = statements.FirstOrDefault(s => Locks(s) || done.Any(d => IsSame(s, d)));
        return first is null
            ? []
            :
            [
                .. statements
                    .Skip(first.Number)
                    .Where(s => OnRows.Any(s.Begins))
                    .Select(s =>
                        Message.Of(
                            "rehearsals.under-locks",
                            ("file", file.Path),
                            ("line", s.Line),
                            ("statement", s.Shown),
                            ("locking", first.Line),
                            ("locked", first.Shown)
                        )
                    ),
            ];
    }

    /// <summary>Without an event trigger of PostgreSQL's that would have told of it.</summary>
    private static bool Locks(SqlStatement statement) =>
        statement.Begins("truncate") || (statement.Begins("lock") && !statement.Has("mode"));

    private static bool IsExclusive(TakenLock taken) => taken.Mode == TakenLock.AccessExclusive;

    private static bool IsSame(SqlStatement statement, RehearsedStatement done) =>
        statement.Begins(done.Command.Split(' ')[0].ToLowerInvariant())
        && done.Locks.Any(l =>
            IsExclusive(l) && statement.Text.Contains(l.Relation.Name, StringComparison.OrdinalIgnoreCase)
        );
}
