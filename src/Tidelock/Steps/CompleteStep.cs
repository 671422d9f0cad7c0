using Tidelock.Contracts;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// T6: one last look at the contract's shape and at whether the change is still in place as it was verified, then the deployment is
/// declared.
/// </summary>
internal sealed class CompleteStep : IStep
{
    public string Name => "complete";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var contract = context.Change.Section<Contract>();
        if (contract.Relation is not null)
        {
            await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
            var drift = await ContractVerifier.ShapeAsync(session, contract, cancellation).ConfigureAwait(false);
            if (drift.Count > 0)
            {
                return StepOutcome.Breached(
                    Message.Of("steps.complete.broken", ("relation", contract.Relation), ("first", drift[0]))
                );
            }
        }

        if (await RunBaseline.LostSinceVerifiedAsync(context, cancellation).ConfigureAwait(false) is { } lost)
        {
            return StepOutcome.NeedsPerson(lost);
        }

        var started = context.State.StartedAt;
        var declared = Message.Of(
            "steps.complete.declared",
            ("change", context.Change.Title),
            ("after", context.Time.GetUtcNow() - started)
        );
        var cancelled = await CancelledReaders.FindAsync(context.As("migrate"), cancellation).ConfigureAwait(false);
        return StepOutcome.Passed(
            cancelled is null
                ? declared
                : Message.Of("migrations.applied-but", ("applied", declared), ("remark", cancelled))
        );
    }
}
