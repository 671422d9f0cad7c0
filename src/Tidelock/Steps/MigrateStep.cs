using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S4: applies the change, exactly once, within the lock budget.</summary>
internal sealed class MigrateStep(MigrationTransaction transaction) : IStep
{
    public const string StepName = "migrate";

    public string Name => StepName;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var migration = context.Change.Section<Migration>();

        // What stopped halfway is in place as well: its own record says how far it came.
        if (context.State.InPlace && !migration.MayStopHalfway)
        {
            return StepOutcome.Passed(Message.Of("steps.migrate.already"));
        }

        await using var aftermath = await Aftermath.ExpectAsync(context, cancellation).ConfigureAwait(false);
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

    private Task<MigrationOutcome> OnceAsync(
        StepContext context,
        Migration migration,
        CancellationToken cancellation
    ) =>
        migration switch
        {
            ToolMigration tool => new ToolOnce(context, tool).UpAsync(cancellation),
            StatementsMigration file => new StatementsOnce(context, file.Up, file.Locks).RunAsync(
                StatementDirection.There,
                cancellation
            ),
            _ => new ExactlyOnce(context, transaction).RunAsync(
                migration.Forward(RunBaseline.Of(context)?.Closure),
                migration.Locks,
                cancellation
            ),
        };
}
