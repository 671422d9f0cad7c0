using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Measures before the change how late the values of sources come that know their times. A value is as old as its source is late, and up to
/// the time between two of them more: so an old one is looked at again, for as long as there may be between two.
/// </summary>
internal static class SourceDelays
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    public static async Task MeasureAsync(
        StepContext context,
        WatchTicks ticks,
        WatchOptions options,
        CancellationToken cancellation
    )
    {
        var least = new Dictionary<string, SignalDelay>(StringComparer.Ordinal);
        for (var looks = Math.Ceiling(Longest / options.Every); ; looks--)
        {
            var next = Task.Delay(options.Every, context.Time, cancellation);
            foreach (var age in await ticks.ReadAgesAsync(cancellation).ConfigureAwait(false))
            {
                var now = SignalDelay.Of(age, options.PaceOf(age.Signal).Delay, options.Every);
                least[age.Signal] = Sooner(least.GetValueOrDefault(age.Signal), now);
            }

            if (looks <= 0 || !least.Values.Any(d => d.IsLater))
            {
                break;
            }

            context.Report(Message.Of("steps.baseline.dating", ("signal", least.Values.First(d => d.IsLater).Signal)));
            await next.ConfigureAwait(false);
        }

        if (least.Count > 0)
        {
            await context
                .RecordAsync(
                    RunState.DelaysFact,
                    [.. least.Values],
                    RunJson.Readable.IReadOnlyListSignalDelay,
                    cancellation
                )
                .ConfigureAwait(false);
        }
    }

    /// <summary>Why the change must not be made: a criterion that could never be kept, now that it is known how late its values come.</summary>
    public static Message? Unkept(StepContext context)
    {
        var options = context.Change.Section<WatchOptions>().With(context.State.Delays);
        return
            options
                .RollBackWhen.Concat(options.Healthy)
                .Select(c => CriterionFit.Unsuited(c, options))
                .FirstOrDefault(unsuited => unsuited is not null)
                is { } found
            ? Message.Of("steps.baseline.late", ("problem", found.Problem))
            : null;
    }

    /// <summary>Which values come late, and whose clock is another; null for none.</summary>
    public static Message? Told(RunState state)
    {
        var late = state
            .Delays.Where(d => d.IsLater)
            .Select(d => Message.Of("steps.baseline.late-signal", ("signal", d.Signal), ("delay", d.Counts)));
        var clocks = state
            .Delays.Where(d => d.Detail?.Code is SourceClock.Differs)
            .Select(d => Message.Of("steps.watch.clock", ("signal", d.Signal), ("detail", d.Detail)));
        IReadOnlyList<Message> all = [.. late, .. clocks];
        return all.Count == 0 ? null : Several.Of(all);
    }

    private static SignalDelay Sooner(SignalDelay? one, SignalDelay other) =>
        one?.Newest is { } before && !(other.Newest < before) ? one : other;
}
