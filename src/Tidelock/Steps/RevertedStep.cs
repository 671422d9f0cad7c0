using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Steps;

/// <summary>Proves that the way back led where it should.</summary>
internal sealed class RevertedStep(IReadOnlyList<IRollbackMethod> methods) : IStep
{
    public string Name => "rollback.verify";

    public Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation) =>
        methods
            .First(m => string.Equals(m.Name, context.State.Rollback!.Method, StringComparison.Ordinal))
            .VerifyAsync(context, cancellation);
}
