using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>Section <c>watch:</c>.</summary>
/// <param name="For">How long the application is watched.</param>
/// <param name="Every">One tick.</param>
/// <param name="Grace">How long a signal may be without data before the run holds.</param>
/// <param name="BaselineFor">How long the signals are measured before the migration.</param>
/// <param name="Probes">What is read.</param>
/// <param name="Healthy">What must hold for the watch to end well.</param>
/// <param name="RollBackWhen">What takes the change back.</param>
public sealed record WatchOptions(
    TimeSpan For,
    TimeSpan Every,
    TimeSpan Grace,
    TimeSpan BaselineFor,
    IReadOnlyList<ProbeOptions> Probes,
    IReadOnlyList<Criterion> Healthy,
    IReadOnlyList<Criterion> RollBackWhen
)
{
    /// <summary>How long a source may be without an answer before the run holds; as long as without data where nobody says otherwise.</summary>
    public TimeSpan ErrorGrace { get; init; } = Grace;

    /// <summary>The signals that are judged, each once.</summary>
    internal IEnumerable<string> Signals =>
        RollBackWhen.Concat(Healthy).SelectMany(c => c.Signals).Distinct(StringComparer.Ordinal);

    /// <summary>
    /// Shares that take the change back and of which nobody counts the requests, though their source could: where few ask, one failure is all
    /// there is for as long as the query looks back.
    /// </summary>
    public IReadOnlyList<string> Uncounted =>
        [
            .. RollBackWhen
                .SelectMany(c => c.Condition.Shares)
                .Intersect(Probes.Where(p => p.IsUncounted).Select(p => p.Signal), StringComparer.Ordinal),
        ];

    /// <summary>How often there is a look at what is slow to read: a thirtieth of the watch, at least one tick and at most a minute.</summary>
    internal TimeSpan Pace =>
        TimeSpan.FromTicks(Math.Clamp(For.Ticks / 30, Every.Ticks, Math.Max(Every.Ticks, TimeSpan.TicksPerMinute)));

    /// <summary>As declared, only that values which come later than that are read and judged by when they come.</summary>
    internal WatchOptions With(IReadOnlyList<SignalDelay> measured) =>
        this with
        {
            Probes =
            [
                .. Probes.Select(p =>
                    measured.FirstOrDefault(d => string.Equals(d.Signal, p.Signal, StringComparison.Ordinal))
                        is { IsLater: true } late
                        ? p with
                        {
                            Delay = late.Counts,
                        }
                        : p
                ),
            ],
        };

    /// <summary>When values of a signal can be expected.</summary>
    internal SignalPace PaceOf(string signal)
    {
        var probe = Probes.FirstOrDefault(p => string.Equals(p.Signal, signal, StringComparison.Ordinal));
        return probe is null
            ? new SignalPace(Every, TimeSpan.Zero)
            : new SignalPace(probe.Every > Every ? probe.Every : Every, probe.Delay);
    }
}
