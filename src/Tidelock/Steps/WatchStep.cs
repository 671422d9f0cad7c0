using Tidelock.Probes;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// M1–M5: watches the application. Every tick is journaled with its samples and verdicts; what follows is judged from the journal alone.
/// A time in which nobody looked, because the program was away or stood still, is asked for where a source keeps the past, and counts as
/// unknown where none does.
/// </summary>
internal sealed class WatchStep(Ground ground, ProbeFactory probes) : IStep
{
    public string Name => "watch";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var options = context.Change.Section<WatchOptions>();
        var policy = context.Change.Section<RollbackOptions>();
        var view = new WatchView(options);
        await TellRulesAsync(context, view, cancellation).ConfigureAwait(false);
        var bounds = context.State.Bounds;
        await using var ticks = new WatchTicks(context, ground, probes);
        while (true)
        {
            var next = Task.Delay(options.Every, context.Time, cancellation);
            await CatchUpAsync(context, ticks, cancellation).ConfigureAwait(false);
            var samples = await ticks.ReadAsync(cancellation).ConfigureAwait(false);
            var now = context.Time.GetUtcNow();
            if (context.State.Bounds != bounds)
            {
                bounds = context.State.Bounds;
                await TellRulesAsync(context, view, cancellation).ConfigureAwait(false);
            }

            var judgement = view.Judge(context.State, samples, now);
            await context
                .AppendAsync(new WatchTicked(false, samples, judgement.Verdicts), cancellation)
                .ConfigureAwait(false);
            var move = new WatchCourse(context.State, judgement, policy, now).Next();
            if (move.Outcome is { } outcome)
            {
                return outcome;
            }

            if (move.Event is { } told)
            {
                await context.AppendAsync(told, cancellation).ConfigureAwait(false);
            }

            await next.ConfigureAwait(false);
        }
    }

    private static Task TellRulesAsync(StepContext context, WatchView view, CancellationToken cancellation) =>
        context.RecordAsync(RunState.RulesFact, view.Rules(context.State), RunJson.Readable.WatchedRules, cancellation);

    /// <summary>After a restart, a sleep of the machine or a stop of the process: what the sources kept of the time since the last tick.</summary>
    private async Task CatchUpAsync(StepContext context, WatchTicks ticks, CancellationToken cancellation)
    {
        var state = context.State;
        var from = state.Ticks is [.., var last] ? last.At : state.Step(Name).StartedAt!.Value;
        if (context.Time.GetUtcNow() - from is var gap && gap < context.Change.Section<WatchOptions>().Every * 2)
        {
            return;
        }

        context.Report(Message.Of("steps.watch.gap", ("for", gap)));
        var past = await ticks.ReadPastAsync(from, cancellation).ConfigureAwait(false);
        if (past.Count > 0)
        {
            await context.AppendAsync(new WatchTicked(false, past, []), cancellation).ConfigureAwait(false);
        }
    }
}
