using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>Proves that the way back led where it should, and left nothing lost that a CASCADE of the change had taken along.</summary>
internal sealed class RevertedStep(IReadOnlyList<IRollbackMethod> methods) : IStep
{
    public string Name => "rollback.verify";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var method = methods.First(m =>
            string.Equals(m.Name, context.State.Rollback!.Method, StringComparison.Ordinal)
        );
        var outcome = await method.VerifyAsync(context, cancellation).ConfigureAwait(false);
        if (outcome.Result != StepResult.Passed || method.IsUndo)
        {
            return outcome;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var lost = await CascadeLosses.LeftAsync(context, session, cancellation).ConfigureAwait(false);
        return lost.Count == 0
            ? outcome
            : StepOutcome.NeedsPerson(
                Message.Of(
                    "steps.reverted.cascade",
                    ("finding", outcome.Finding),
                    ("count", lost.Count),
                    ("objects", string.Join(", ", lost))
                )
            );
    }
}
