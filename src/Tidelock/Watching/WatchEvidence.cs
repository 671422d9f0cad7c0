using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>
/// All a verdict is made from: the samples of the watch, the baseline frozen before the migration, and the time. Neither the order
/// of the samples nor their number of copies matters, nor when they came in; those from before the watch or from the future are
/// left out.
/// </summary>
public sealed class WatchEvidence
{
    private readonly WatchRecord record;

    internal WatchEvidence(WatchRecord record, DateTimeOffset now) => (this.record, Now) = (record, now);

    /// <summary>Evidence for one look; a watch that goes on keeps a <see cref="WatchRecord"/>.</summary>
    public WatchEvidence(
        WatchOptions options,
        IEnumerable<Sample> samples,
        IEnumerable<Sample> baseline,
        DateTimeOffset startedAt,
        DateTimeOffset now
    )
        : this(new WatchRecord(options, baseline, startedAt), now) => record.Add(samples);

    public WatchOptions Options => record.Options;

    /// <summary>When the watch began; a restart does not change it.</summary>
    public DateTimeOffset StartedAt => record.StartedAt;

    public DateTimeOffset Now { get; }

    /// <summary>
    /// By how much this machine's clock was set back, where that is more than the grace: what stands for the time in between is of
    /// an earlier now.
    /// </summary>
    public TimeSpan? SetBack =>
        (record.Newest > StartedAt ? record.Newest : StartedAt) - Now is var ahead && ahead > Options.Grace
            ? ahead
            : null;

    /// <summary>The baseline of a signal; one of no samples where it was never measured.</summary>
    public Baseline BaselineOf(string signal) => record.BaselineOf(signal);

    internal Timeline Of(string signal) => record.Of(signal);

    internal BreachHistory HistoryOf(SignalCondition condition, TimeSpan window, Func<BreachRule> rule) =>
        record.HistoryOf(condition, window, rule);
}
