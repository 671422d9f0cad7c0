using Tidelock.Probes;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// M1–M5: watches the application. Every tick is journaled with its samples and verdicts; what follows is judged from the journal alone.
/// A time of which nothing is known is asked for where a source keeps the past, and counts as unknown where none does. A fault of the watch
/// itself holds the run and is never taken for one of the application.
/// </summary>
internal sealed class WatchStep(Ground ground, ProbeFactory probes) : IStep
{
    private const string Faulted = "steps.watch.faulted";

    public string Name => "watch";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var options = context.Change.Section<WatchOptions>().With(context.State.Delays);
        var view = new WatchView(options);
        WatchTicks? ticks = null;
        await using var readers = new CancelledReadersWatch(context.As("migrate"), options.Pace);
        try
        {
            while (true)
            {
                var next = Task.Delay(options.Every, context.Time, cancellation);
                try
                {
                    ticks ??= new WatchTicks(context, ground, probes);
                    if (await readers.TakeAsync().ConfigureAwait(false) is { } cancelled)
                    {
                        context.Report(cancelled);
                    }

                    if (await TickAsync(context, view, ticks, cancellation).ConfigureAwait(false) is { } outcome)
                    {
                        return outcome;
                    }
                }
                catch (Exception e) when (IsOfTheWatch(e) && !cancellation.IsCancellationRequested)
                {
                    view = new WatchView(options) { Told = view.Told };
                    await HoldAsync(context, e, cancellation).ConfigureAwait(false);
                }

                await next.ConfigureAwait(false);
            }
        }
        finally
        {
            if (ticks is not null)
            {
                await ticks.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<StepOutcome?> TickAsync(
        StepContext context,
        WatchView view,
        WatchTicks ticks,
        CancellationToken cancellation
    )
    {
        var samples = await ticks.ReadAsync(cancellation).ConfigureAwait(false);
        await TellRulesAsync(context, view, cancellation).ConfigureAwait(false);
        if (samples.FirstOrDefault(s => s.Detail?.Code is SourceClock.Differs) is { } other)
        {
            context.Report(Message.Of("steps.watch.clock", ("signal", other.Signal), ("detail", other.Detail)));
        }

        var past = await ticks.FillAsync(samples, context.Report, cancellation).ConfigureAwait(false);
        if (past.Count > 0)
        {
            await context.AppendAsync(new WatchTicked(false, past, []), cancellation).ConfigureAwait(false);
        }

        var now = context.Time.GetUtcNow();
        var judgement = view.Judge(context.State, samples, now);
        await context
            .AppendAsync(new WatchTicked(false, samples, judgement.Verdicts), cancellation)
            .ConfigureAwait(false);
        var policy = context.Change.Section<RollbackOptions>();
        var move = new WatchCourse(context.State, judgement, policy, now).Next();
        if (move.Event is { } told)
        {
            await context.AppendAsync(told, cancellation).ConfigureAwait(false);
        }

        return move.Outcome;
    }

    /// <summary>What the run is judged by, told when the watch begins and whenever a bound was changed.</summary>
    private static async Task TellRulesAsync(StepContext context, WatchView view, CancellationToken cancellation)
    {
        if (view.Told == context.State.Bounds)
        {
            return;
        }

        view.Told = context.State.Bounds;
        await context
            .RecordAsync(RunState.RulesFact, view.Rules(context.State), RunJson.Readable.WatchedRules, cancellation)
            .ConfigureAwait(false);
    }

    private static bool IsOfTheWatch(Exception e) =>
        e is not (RunTakenOverException or JournalUnwritableException or TargetLostException);

    /// <summary>Told once; the next tick that goes well ends it. A question that is open stays open.</summary>
    private static Task HoldAsync(StepContext context, Exception e, CancellationToken cancellation)
    {
        var held = context.State.Held;
        var reason = e is TidelockException { Problem: var problem } ? (object)problem : e.Message;
        return held?.Reason.Code is Faulted
            ? Task.CompletedTask
            : context.AppendAsync(
                new RunHeld(Message.Of(Faulted, ("kind", e.GetType().Name), ("reason", reason)), held?.Until)
                {
                    Breaches = held?.Breaches,
                },
                cancellation
            );
    }
}
