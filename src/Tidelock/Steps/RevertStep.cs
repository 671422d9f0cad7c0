using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>Goes back by the rollback's method, exactly once.</summary>
internal sealed class RevertStep(IReadOnlyList<IRollbackMethod> methods) : IStep
{
    public string Name => "rollback.revert";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var name = context.State.Rollback!.Method;
        if (!context.State.InPlace)
        {
            return StepOutcome.Passed(Message.Of("steps.revert.already", ("method", name)));
        }

        if (methods.FirstOrDefault(m => string.Equals(m.Name, name, StringComparison.Ordinal)) is not { } method)
        {
            var known = string.Join(", ", methods.Select(m => m.Name));
            return StepOutcome.NeedsPerson(
                Message.Of("steps.revert.no-such-method", ("method", name), ("methods", known))
            );
        }

        var outcome = await method.RevertAsync(context, cancellation).ConfigureAwait(false);
        if (outcome.Result == StepResult.Passed)
        {
            await context
                .AppendAsync(new MigrationReverted(name, outcome.Finding), CancellationToken.None)
                .ConfigureAwait(false);
        }

        return outcome;
    }
}
