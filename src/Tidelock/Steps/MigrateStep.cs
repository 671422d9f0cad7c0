using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S4: applies the change, exactly once, within the lock budget.</summary>
internal sealed class MigrateStep(MigrationTransaction transaction, GateLook gates) : IStep
{
    public const string StepName = "migrate";

    public string Name => StepName;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var migration = context.Change.Section<Migration>();

        if (context.State is { InPlace: true, Doubted: true } && MayBeLost(context.State, migration))
        {
            return await StillThereAsync(context, cancellation).ConfigureAwait(false);
        }

        if (
            context.State is { InPlace: false }
            && !HasTried(context.State)
            && await NoLongerAsync(context, cancellation).ConfigureAwait(false) is { } refusal
        )
        {
            return StepOutcome.Refused(refusal);
        }

        await using var aftermath = await Aftermath
            .ExpectAsync(context, Name, RunBaseline.RelationOf(context.Change), cancellation)
            .ConfigureAwait(false);

        // What stopped halfway is in place as well: its own record says how far it came.
        if (context.State.InPlace && !migration.MayStopHalfway)
        {
            var already = Message.Of("steps.migrate.already");
            return StepOutcome.Passed(await aftermath.WithAsync(already, cancellation).ConfigureAwait(false));
        }

        await CascadeLosses.RecordAsync(context, cancellation).ConfigureAwait(false);
        if (context.Change.Section<GateOptions>().Backup is { PgBackRest: not null } or { Command: not null })
        {
            await RecoveryMoment.RecordAsync(context, cancellation).ConfigureAwait(false);
        }

        var outcome = await OnceAsync(context, migration, cancellation).ConfigureAwait(false);
        if (
            !context.State.InPlace
            && outcome
                is MigrationOutcome.Applied
                    or MigrationOutcome.Halfway
                    or MigrationOutcome.Unknown { InPart: true }
        )
        {
            var transactionId = (outcome as MigrationOutcome.Applied)?.TransactionId;
            await context
                .AppendAsync(
                    new MigrationApplied(transactionId is "" ? null : transactionId, outcome.Finding),
                    CancellationToken.None
                )
                .ConfigureAwait(false);
        }

        return outcome switch
        {
            MigrationOutcome.Applied => StepOutcome.Passed(
                await aftermath.WithAsync(outcome.Finding, cancellation).ConfigureAwait(false)
            ),
            MigrationOutcome.Refused => StepOutcome.Refused(outcome.Finding),
            MigrationOutcome.Unknown => StepOutcome.NeedsPerson(outcome.Finding),
            _ => StepOutcome.Failed(outcome.Finding),
        };
    }

    /// <summary>Whether an earlier start of the step may have begun its transaction: only the database says what came of that.</summary>
    private static bool HasTried(RunState state) =>
        state.Step(StepName).Attempts > 1
        && state.Facts.Keys.Any(k => k.StartsWith(StepName + "/", StringComparison.Ordinal));

    /// <summary>Why the change is not made any more, though the run was allowed to start; null where it is.</summary>
    private async Task<Message?> NoLongerAsync(StepContext context, CancellationToken cancellation)
    {
        if (WindowAhead.Problem(context) is { } closed)
        {
            return closed;
        }

        if (!GateLook.IsOld(context.State, context.Time.GetUtcNow()))
        {
            return null;
        }

        var lacking = await gates.LackingAsync(context, except: "window", cancellation).ConfigureAwait(false);
        return lacking is null ? null : Message.Of("steps.migrate.gates", ("lacking", lacking));
    }

    /// <summary>Whether a failover may have lost what had passed; what had stopped halfway just goes on from where it stands.</summary>
    private static bool MayBeLost(RunState state, Migration migration) =>
        !migration.MayStopHalfway || state.Step(VerifyStep.StepName).Attempts > 0;

    /// <summary>After a failover: whether the change that was committed is still in place. Nothing is made again, because it was verified already.</summary>
    private static async Task<StepOutcome> StillThereAsync(StepContext context, CancellationToken cancellation)
    {
        var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
        switch (standing.Where)
        {
            case Whereabouts.Wanted:
                return StepOutcome.Passed(Message.Of("steps.migrate.survived", ("finding", standing.Finding)));
            case Whereabouts.Before:
                var lost = Message.Of("steps.migrate.lost", ("finding", standing.Finding));
                await context
                    .AppendAsync(new MigrationReverted("failover", lost), CancellationToken.None)
                    .ConfigureAwait(false);
                return StepOutcome.Failed(lost);
            default:
                return StepOutcome.NeedsPerson(Message.Of("steps.migrate.unsure", ("finding", standing.Finding)));
        }
    }

    private async Task<MigrationOutcome> OnceAsync(
        StepContext context,
        Migration migration,
        CancellationToken cancellation
    )
    {
        if (await ChangedAsync(context, migration, cancellation).ConfigureAwait(false) is { } changed)
        {
            return new MigrationOutcome.Refused(changed);
        }

        return migration switch
        {
            ToolMigration tool => await new ToolOnce(context, tool).UpAsync(cancellation).ConfigureAwait(false),
            StatementsMigration file => await new StatementsOnce(context, file.Up, file.Locks)
                .RunAsync(StatementDirection.There, cancellation)
                .ConfigureAwait(false),
            _ => await InTransactionAsync(context, migration, cancellation).ConfigureAwait(false),
        };
    }

    /// <summary>What somebody did since the baseline, where the move itself cannot look in its transaction; once it has begun nobody can tell.</summary>
    private static async Task<Message?> ChangedAsync(
        StepContext context,
        Migration migration,
        CancellationToken cancellation
    )
    {
        var hasBegun = migration switch
        {
            ToolMigration tool => new ToolOnce(context, tool).Path is not null,
            StatementsMigration file => new StatementsOnce(context, file.Up, file.Locks).HasBegun,
            _ => true,
        };
        if (hasBegun || RunBaseline.Of(context) is not { } baseline)
        {
            return null;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return await UnchangedMove
            .ChangedAsync(session, baseline.Relation, baseline.Closure, cancellation)
            .ConfigureAwait(false);
    }

    private Task<MigrationOutcome> InTransactionAsync(
        StepContext context,
        Migration migration,
        CancellationToken cancellation
    )
    {
        var last = context.Fact("try", MigrationsJson.Default.MigrationTry);
        var baseline = RunBaseline.Of(context);
        var move = migration.Forward(baseline?.Closure);
        if (migration is SqlMigration && baseline is not null)
        {
            move = new UnchangedMove(move, baseline.Relation, baseline.Closure);
        }

        if (
            migration is SqlMigration
            && last?.Timeline < context.State.Identity?.Timeline
            && RunBaseline.RelationOf(context.Change) is { } relation
        )
        {
            move = new ShownMove(move, relation);
        }

        var once = new ExactlyOnce(context, transaction)
        {
            AfterFailover = async stop =>
                (await Standing.AskAsync(context, stop).ConfigureAwait(false)).Forward(last?.TransactionId ?? ""),
        };
        return once.RunAsync(new AnnouncedMove(move, context.GateFindings), migration.Locks, cancellation);
    }
}
