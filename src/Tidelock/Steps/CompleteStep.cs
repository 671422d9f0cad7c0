using Tidelock.Contracts;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>T6: one last look at the contract's shape, then the deployment is declared.</summary>
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

        var started = context.State.StartedAt;
        return StepOutcome.Passed(
            Message.Of(
                "steps.complete.declared",
                ("change", context.Change.Title),
                ("after", context.Time.GetUtcNow() - started)
            )
        );
    }
}
