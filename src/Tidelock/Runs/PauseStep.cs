using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>Waits where a person has paused the run, before its change is made, until a person goes on or gives it up.</summary>
internal sealed class PauseStep : IStep
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public string Name => "pause";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var by = context.State.Paused!.By;
        await context.AppendAsync(new RunHeld(Message.Of("runs.paused", ("by", by)), null), cancellation);
        while (context.State.Paused is not null)
        {
            await Task.Delay(Look, context.Time, cancellation);
        }

        var on = Message.Of(
            "runs.continued-by",
            ("by", context.State.Commands.Last(c => c.Verb == RunVerb.Continue).By)
        );
        await context.AppendAsync(new RunContinued(on), cancellation);
        return StepOutcome.Passed(on);
    }
}
