using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>SQL written by hand, run statement by statement, each in a transaction of its own.</summary>
/// <param name="Up">There.</param>
/// <param name="Down">And back; null when the author wrote none.</param>
/// <param name="Locks">How long to wait for locks.</param>
public sealed record StatementsMigration(ChangeFile Up, ChangeFile? Down, LockBudget Locks) : Migration(Locks, Down)
{
    public override RelationName? Relation => null;

    public override bool MayStopHalfway => true;

    public override Message Text =>
        Message.Of("migrations.statements.text", ("up", Up.Path), ("down", Down?.Path ?? "–"));

    /// <summary>Nothing of it is one transaction: <see cref="StatementRun"/> makes it.</summary>
    public override IMigrationMove Forward(RelationClosure? before) => NoTransaction();

    public override IMigrationMove? Backward() => Down is null ? null : NoTransaction();

    /// <summary>What it does, statement by statement, and how each waits.</summary>
    internal IReadOnlyList<Message> Account() =>
        [
            .. StatementFile
                .Read(Up)
                .Statements.Select(s =>
                    Message.Of(
                        StatementKind.Of(s).WaitsHarmlessly
                            ? "migrations.statements.line-harmless"
                            : "migrations.statements.line",
                        ("file", s.File.Path),
                        ("line", s.Line),
                        ("statement", s.Shown),
                        ("try", Locks.Try),
                        ("total", Locks.Total)
                    )
                ),
        ];

    private static NoMove NoTransaction() => new(Message.Of("migrations.statements.no-transaction"));
}
