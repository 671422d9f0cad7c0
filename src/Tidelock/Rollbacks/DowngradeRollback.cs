using Tidelock.Migrations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>The change's own down file. What it does not bring back is found afterwards and said.</summary>
internal sealed class DowngradeRollback(MigrationTransaction transaction) : IRollbackMethod
{
    public string Name => "downgrade";

    public Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation) =>
        Task.FromResult(
            context.Change.Section<Migration>().Down is { } down
                ? new RollbackAssessment(
                    true,
                    Message.Of("rollbacks.downgrade.cost", ("file", down.Path)),
                    LosesWrites: false
                )
                : new RollbackAssessment(false, Message.Of("rollbacks.downgrade.none"), LosesWrites: false)
        );

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        var migration = context.Change.Section<Migration>();
        if (migration.Backward() is not { } move)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.downgrade.none"));
        }

        var outcome = await new ExactlyOnce(context, transaction, "try " + Name)
            .RunAsync(move, migration.Locks, cancellation)
            .ConfigureAwait(false);
        return Reverting.Outcome(outcome);
    }

    public Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation) =>
        RunBaseline.CompareAsync(context, cancellation);
}
