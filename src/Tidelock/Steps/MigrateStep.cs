using Tidelock.Migrations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S4: applies the change, exactly once, within the lock budget.</summary>
internal sealed class MigrateStep(MigrationTransaction transaction) : IStep
{
    public string Name => "migrate";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.State.InPlace)
        {
            return StepOutcome.Passed(Message.Of("steps.migrate.already"));
        }

        var migration = context.Change.Section<Migration>();
        var move = migration.Forward(RunBaseline.Of(context)?.Closure);
        var outcome = await new ExactlyOnce(context, transaction)
            .RunAsync(move, migration.Locks, cancellation)
            .ConfigureAwait(false);
        if (outcome is MigrationOutcome.Applied applied)
        {
            await context
                .AppendAsync(new MigrationApplied(applied.TransactionId, applied.Finding), CancellationToken.None)
                .ConfigureAwait(false);
        }

        return outcome switch
        {
            MigrationOutcome.Applied => StepOutcome.Passed(outcome.Finding),
            MigrationOutcome.Refused => StepOutcome.Refused(outcome.Finding),
            MigrationOutcome.Unknown => StepOutcome.NeedsPerson(outcome.Finding),
            _ => StepOutcome.Failed(outcome.Finding),
        };
    }
}
