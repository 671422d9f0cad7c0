using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Downgrade;

/// <summary>
/// The change's own way down: its down file, whose losses are found afterwards and said, or its tool's downgrade, whose losses are put
/// back by definition.
/// </summary>
internal sealed class DowngradeRollback(MigrationTransaction transaction) : IRollbackMethod
{
    public string Name => "downgrade";

    public bool LeadsFromAnywhere => false;

    public Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        var cost = context.Change.Section<Migration>() switch
        {
            ToolMigration tool when new ToolOnce(context, tool).Path is { } path => Message.Of(
                "rollbacks.downgrade.tool-cost",
                ("tool", tool.Tool.Name),
                ("revision", path.BackTo.Length == 0 ? "base" : path.BackTo)
            ),
            { Down: { } down } => Message.Of("rollbacks.downgrade.cost", ("file", down.Path)),
            _ => null,
        };
        return Task.FromResult(
            new RollbackAssessment(cost is not null, cost ?? Message.Of("rollbacks.downgrade.none"), LosesWrites: false)
            {
                Takes = RehearsedWay.BackBy(Name, context.State),
            }
        );
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        var migration = context.Change.Section<Migration>();
        if (migration is ToolMigration tool)
        {
            return await ByToolAsync(context, tool, cancellation).ConfigureAwait(false);
        }

        if (migration is StatementsMigration { Down: { } down })
        {
            var back = new StatementsOnce(context, down, migration.Locks);
            return Reverting.Outcome(await back.RunAsync(StatementDirection.Back, cancellation).ConfigureAwait(false));
        }

        if (migration.Backward() is not { } move)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.downgrade.none"));
        }

        var outcome = await Reverting
            .Once(context, transaction, Name)
            .RunAsync(move, migration.Locks, cancellation)
            .ConfigureAwait(false);
        return Reverting.Outcome(outcome);
    }

    /// <summary>A change that names no relation, such as one of indexes, has nothing to compare: its way back was rehearsed, and went through.</summary>
    public Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation) =>
        RunBaseline.RelationOf(context.Change) is null
            ? Task.FromResult(StepOutcome.Passed(Message.Of("rollbacks.downgrade.no-relation")))
            : RunBaseline.CompareAsync(context, cancellation);

    private async Task<StepOutcome> ByToolAsync(
        StepContext context,
        ToolMigration migration,
        CancellationToken cancellation
    )
    {
        var once = new ToolOnce(context, migration);
        if (once.Path is not { } path)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.downgrade.none"));
        }

        var down = await once.DownAsync(path, cancellation).ConfigureAwait(false);
        return down is MigrationOutcome.Applied && RunBaseline.Of(context) is { } baseline
            ? await MakeGoodAsync(context, baseline, down, cancellation).ConfigureAwait(false)
            : Reverting.Outcome(down);
    }

    /// <summary>What the tool's downgrade did not bring back is put back by its definition.</summary>
    private async Task<StepOutcome> MakeGoodAsync(
        StepContext context,
        RunBaseline baseline,
        MigrationOutcome down,
        CancellationToken cancellation
    )
    {
        var (lost, busy) = await PatientLook
            .AtAsync(
                context,
                baseline.Closure,
                session => LostAsync(context, session, baseline, cancellation),
                cancellation
            )
            .ConfigureAwait(false);
        if (lost is null)
        {
            return StepOutcome.NeedsPerson(
                Message.Of(
                    "rollbacks.downgrade.not-compared",
                    ("down", down.Finding),
                    ("relation", baseline.Relation),
                    ("reason", busy),
                    ("run", context.Run)
                )
            );
        }

        if (lost.Count == 0)
        {
            return StepOutcome.Passed(down.Finding);
        }

        context.Report(Lost("rollbacks.downgrade.losing", lost));
        var good = await Reverting
            .ByDefinitionAsync(context, transaction, Name, baseline, cancellation)
            .ConfigureAwait(false);
        return good is MigrationOutcome.Applied
            ? StepOutcome.Passed(Lost("rollbacks.downgrade.made-good", lost))
            : StepOutcome.NeedsPerson(good.Finding);

        Message Lost(string code, IReadOnlyList<ClosureDifference> differences) =>
            Message.Of(
                code,
                ("down", down.Finding),
                ("count", differences.Count),
                ("differences", Several.Of(differences.Texts()))
            );
    }

    private static async Task<IReadOnlyList<ClosureDifference>> LostAsync(
        StepContext context,
        PostgresSession session,
        RunBaseline baseline,
        CancellationToken cancellation
    )
    {
        var now = await ClosureCapture.CaptureAsync(session, baseline.Relation, cancellation).ConfigureAwait(false);
        var wanted = baseline.Closure is null ? null : RunLater.Of(context)?.Kept(baseline.Closure) ?? baseline.Closure;
        return await ClosureComparison
            .DifferencesAsync(session, wanted, now.ClosureOrNull, cancellation)
            .ConfigureAwait(false);
    }
}
