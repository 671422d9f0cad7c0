using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>What a signal was before the migration; never measured again afterwards.</summary>
/// <param name="Count">Samples with a value.</param>
/// <param name="Mean">Their mean, weighted by requests where the probe knows them.</param>
/// <param name="Spread">Their standard deviation.</param>
public sealed record Baseline(int Count, double Mean, double Spread)
{
    public static Baseline None { get; } = new(0, 0, 0);

    /// <summary>Whether a ratio to it means anything: enough samples, and not zero.</summary>
    public bool IsUsable => Count >= WatchRules.MinimumSamples && Mean > 0;

    internal static Baseline Of(IEnumerable<Sample> samples, SignalPace pace)
    {
        var timeline = new Timeline(pace, DateTimeOffset.MinValue, DateTimeOffset.MinValue);
        foreach (var sample in samples)
        {
            timeline.Add(sample);
        }

        var all = timeline.Between(long.MinValue, long.MaxValue);
        return all.Count == 0 ? None : new Baseline(all.Count, all.Mean, all.Spread);
    }
}
