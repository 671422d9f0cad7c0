using Tidelock.Texts;

namespace Tidelock.Probes.Synthetic;

/// <summary>The reads of one tick as samples. Their weight is the number of reads that were answered.</summary>
internal sealed class SyntheticTally(IReadOnlyList<SyntheticRead> reads, DateTimeOffset now)
{
    private readonly List<SyntheticRead> answered =
    [
        .. reads.Where(r => r.Outcome is ReadOutcome.Done or ReadOutcome.Failed or ReadOutcome.TooSlow),
    ];

    public Sample Of(SyntheticProbeOptions signal)
    {
        // What the others say is no word about one that hangs.
        if (reads.LastOrDefault(r => r.Outcome is ReadOutcome.Lost) is { } lost)
        {
            return Sample.Error(signal.Signal, now, lost.Problem!);
        }

        if (answered.Count == 0)
        {
            return Nothing(signal.Signal);
        }

        var sample = signal.Measure switch
        {
            SyntheticMeasure.Errors => Sample.Of(signal.Signal, now, Share(r => r.Outcome is not ReadOutcome.Done)),
            SyntheticMeasure.P50 => Quantile(signal.Signal, 0.5),
            SyntheticMeasure.P95 => Quantile(signal.Signal, 0.95),
            SyntheticMeasure.P99 => Quantile(signal.Signal, 0.99),
        };
        return sample.Outcome is SampleOutcome.Value
            ? sample with
            {
                Weight = answered.Count,
                Detail = Detail,
            }
            : sample;
    }

    /// <summary>What a person wants to know beside the number: a cached plan before all, else the newest failure.</summary>
    private Message? Detail
    {
        get
        {
            var stale = reads.Count(r => r.Outcome is ReadOutcome.CachedPlan);
            return stale > 0
                ? Message.Of("probes.synthetic.cached-plan", ("count", stale))
                : reads.LastOrDefault(r => r.Problem is not null)?.Problem;
        }
    }

    private Sample Nothing(string signal) =>
        reads.LastOrDefault(r => r.Outcome is ReadOutcome.NotAsked) is { } failed
            ? Sample.Error(signal, now, failed.Problem!)
        : reads.Count > 0 ? Sample.NoData(signal, now, Detail!)
        : Sample.NoData(signal, now, Message.Of("probes.synthetic.none-ended"));

    /// <summary>The nearest rank: a time that was measured.</summary>
    private Sample Quantile(string signal, double share)
    {
        var times = answered
            .Where(r => r.Outcome is not ReadOutcome.Failed)
            .Select(r => r.Took.TotalSeconds)
            .Order()
            .ToList();
        return times.Count == 0
            ? Sample.NoData(signal, now, Detail!)
            : Sample.Of(signal, now, times[Math.Max(0, (int)Math.Ceiling(share * times.Count) - 1)]);
    }

    private double Share(Func<SyntheticRead, bool> holds) => (double)answered.Count(holds) / answered.Count;
}
