using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Measures before the change how late the values of sources come that know their times. A value is as old as its source is late, and up to
/// the time between two of them more: so an old one is looked at again, for as long as there may be between two. Where no new one comes in that
/// time nobody knows whether it is late or over, and what is declared counts.
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
        var all = new Dictionary<string, DelayLooks>(StringComparer.Ordinal);
        for (var looks = Math.Ceiling(Longest / options.Every); ; looks--)
        {
            var next = Task.Delay(options.Every, context.Time, cancellation);
            foreach (var age in await ticks.ReadAgesAsync(cancellation).ConfigureAwait(false))
            {
                all[age.Signal] = DelayLooks.With(all.GetValueOrDefault(age.Signal), age, options);
            }

            if (looks <= 0 || all.Values.FirstOrDefault(d => d.Least.IsLater) is not { } late)
            {
                break;
            }

            context.Report(Message.Of("steps.baseline.dating", ("signal", late.Least.Signal)));
            await next.ConfigureAwait(false);
        }

        if (all.Count > 0)
        {
            await context
                .RecordAsync(
                    RunState.DelaysFact,
                    [.. all.Values.Select(d => d.Measured)],
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

    /// <summary>Which values come late, of which none new came, whose clock is another, and whose query may be misspelt; null for none.</summary>
    public static Message? Told(RunState state)
    {
        var late = state
            .Delays.Where(d => d.IsLater)
            .Select(d => Message.Of("steps.baseline.late-signal", ("signal", d.Signal), ("delay", d.Counts)));
        var others = state
            .Delays.Where(d =>
                d.Detail?.Code is SourceClock.Differs or SignalDelay.NoneNew or UnknownName.Label or UnknownName.Metric
            )
            .Select(d => Message.Of("steps.watch.clock", ("signal", d.Signal), ("detail", d.Detail)));
        IReadOnlyList<Message> all = [.. late, .. others];
        return all.Count == 0 ? null : Several.Of(all);
    }
}
