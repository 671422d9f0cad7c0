using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// M1–M5: watches the application. Every tick is journaled with its samples and verdicts; what follows is judged from the journal
/// alone, so a restart loses nothing but the samples of the gap, which count as unknown.
/// </summary>
internal sealed class WatchStep(Ground ground, ProbeFactory probes) : IStep
{
    public string Name => "watch";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var options = context.Change.Section<WatchOptions>();
        await using var ticks = new WatchTicks(context, ground, probes);
        while (true)
        {
            var next = Task.Delay(options.Every, context.Time, cancellation);
            var samples = await ticks.ReadAsync(slowToo: true, cancellation).ConfigureAwait(false);
            var judgement = Judge(context, options, samples);
            await context
                .AppendAsync(new WatchTicked(false, samples, judgement.Verdicts), cancellation)
                .ConfigureAwait(false);
            if (await FollowAsync(context, judgement, cancellation).ConfigureAwait(false) is { } outcome)
            {
                return outcome;
            }

            await next.ConfigureAwait(false);
        }
    }

    private WatchJudgement Judge(StepContext context, WatchOptions options, IReadOnlyList<Sample> samples)
    {
        var state = context.State;
        var evidence = new WatchEvidence(
            options,
            state.Ticks.SelectMany(t => t.Samples).Concat(samples),
            state.BaselineTicks.SelectMany(t => t.Samples),
            state.Step(Name).StartedAt!.Value,
            context.Time.GetUtcNow()
        );
        return WatchJudge.Judge(evidence, Extended(state));
    }

    private static TimeSpan Extended(RunState state) =>
        state
            .Commands.Where(c => c.Verb == RunVerb.Extend)
            .Aggregate(TimeSpan.Zero, (sum, c) => sum + (DurationText.TryParse(c.Argument) ?? TimeSpan.Zero));

    private static async Task<StepOutcome?> FollowAsync(
        StepContext context,
        WatchJudgement judgement,
        CancellationToken cancellation
    )
    {
        var held = context.State.Held;
        switch (judgement.Decision)
        {
            case RollBack back:
                return StepOutcome.Breached(back.Verdict.Reason);
            case WatchDone when context.State.Paused is { } paused:
                if (held is null)
                {
                    var waiting = Message.Of("steps.watch.paused", ("by", paused.By));
                    await context.AppendAsync(new RunHeld(waiting, null), cancellation).ConfigureAwait(false);
                }

                return null;
            case WatchDone:
                return StepOutcome.Passed(
                    Message.Of(
                        "steps.watch.done",
                        ("for", judgement.EndsAt - context.State.Step("watch").StartedAt!.Value),
                        ("ticks", context.State.Ticks.Count)
                    )
                );
            case HoldWatch when Accepted(context.State, judgement) is { } person:
                return StepOutcome.Passed(Message.Of("steps.watch.accepted", ("by", person)));
            case HoldWatch hold when held is null:
                await context.AppendAsync(new RunHeld(hold.Reason, null), cancellation).ConfigureAwait(false);
                return null;
            case ContinueWatching when held is not null:
                await context
                    .AppendAsync(new RunContinued(Message.Of("steps.watch.sees-again")), cancellation)
                    .ConfigureAwait(false);
                return null;
            default:
                return null;
        }
    }

    /// <summary>Who said, after the watch's time was over and while it held, that the change stays; null for nobody.</summary>
    private static string? Accepted(RunState state, WatchJudgement judgement) =>
        state.Commands.LastOrDefault(c => c.Verb == RunVerb.Continue && c.At >= judgement.EndsAt)?.By;
}
