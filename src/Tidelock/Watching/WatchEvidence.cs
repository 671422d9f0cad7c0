using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>
/// All a verdict is made from: the samples of the watch, the baseline frozen before the migration, and the time. Neither the order
/// of the samples nor their number of copies matters, nor when they came in; those from before the watch or from the future are
/// left out.
/// </summary>
public sealed class WatchEvidence
{
    private readonly Dictionary<string, Timeline> timelines;
    private readonly Dictionary<string, Baseline> baselines;

    public WatchEvidence(
        WatchOptions options,
        IEnumerable<Sample> samples,
        IEnumerable<Sample> baseline,
        DateTimeOffset startedAt,
        DateTimeOffset now
    )
    {
        Options = options;
        StartedAt = startedAt;
        Now = now;
        timelines = samples
            .Where(s => s.At >= startedAt && s.At <= now)
            .GroupBy(s => s.Signal, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new Timeline(g, options.Every), StringComparer.Ordinal);
        baselines = baseline
            .GroupBy(s => s.Signal, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => Baseline.Of(g, options.Every), StringComparer.Ordinal);
    }

    public WatchOptions Options { get; }

    /// <summary>When the watch began; a restart does not change it.</summary>
    public DateTimeOffset StartedAt { get; }

    public DateTimeOffset Now { get; }

    /// <summary>The baseline of a signal; one of no samples where it was never measured.</summary>
    public Baseline BaselineOf(string signal) => baselines.GetValueOrDefault(signal) ?? Baseline.None;

    internal Timeline Of(string signal) => timelines.GetValueOrDefault(signal) ?? Timeline.Empty;
}
