using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>
/// What is past its bound before the change already, by the rules of the watch. Of a window longer than the baseline only what is grossly
/// past it is a breach; the rest is told. What is compared with the baseline is not judged: nothing is far from what it is.
/// </summary>
internal sealed class EarlierBreach(WatchOptions options, IReadOnlyList<Sample> samples)
{
    private readonly ILookup<string, Sample> seen = samples
        .GroupBy(s => s.Signal, StringComparer.Ordinal)
        .Where(g => g.Count(s => s.Outcome is SampleOutcome.Value) >= WatchRules.MinimumSamples)
        .SelectMany(g => g)
        .ToLookup(s => s.Signal, StringComparer.Ordinal);

    /// <summary>What would take the change back for what it did not do; null for nothing.</summary>
    public Verdict? TakesBack() => First(options.RollBackWhen, (c, e) => c.JudgeRollBack(e));

    /// <summary>What may come to take the change back, if it lasts; null for nothing.</summary>
    public Verdict? IsExceeded() => First(options.RollBackWhen, (c, e) => Shortened(c).JudgeRollBack(e));

    /// <summary>What must hold for the watch to end well, and does not; null for nothing.</summary>
    public Verdict? IsUnhealthy() => First(options.Healthy, (c, e) => Shortened(c).JudgeHealthy(e));

    private Verdict? First(IEnumerable<Criterion> criteria, Func<Criterion, WatchEvidence, Verdict> judge) =>
        criteria
            .Where(c => c.Signals.Any(seen.Contains))
            .Select(c => judge(c, Evidence(c)))
            .FirstOrDefault(v => v.State is VerdictState.Breached);

    private Criterion Shortened(Criterion criterion)
    {
        var window = WatchRules.Window(criterion, options);
        return new Criterion(
            criterion.Text,
            criterion.Condition,
            window < options.BaselineFor ? window : options.BaselineFor
        );
    }

    /// <summary>As of the newest sample of its signals: a source's past may end before now.</summary>
    private WatchEvidence Evidence(Criterion criterion)
    {
        var own = criterion.Signals.SelectMany(s => seen[s]).ToList();
        return new WatchEvidence(options, own, [], own.Min(s => s.At) - options.BaselineFor, own.Max(s => s.At));
    }
}
