using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary><c>error_rate &gt; 1%</c>, <c>p95 &lt; 500ms</c>, <c>p95 &gt; 2x baseline</c>.</summary>
internal sealed record Comparison(string Signal, SignalUnit Unit, Comparator Comparator, Bound Bound)
    : SignalCondition(Signal, Unit)
{
    private bool IsAbove => Comparator is Comparator.Above or Comparator.AtLeast;

    public override Condition Not() =>
        this with
        {
            Comparator = Comparator switch
            {
                Comparator.Above => Comparator.AtMost,
                Comparator.AtLeast => Comparator.Below,
                Comparator.Below => Comparator.AtLeast,
                Comparator.AtMost => Comparator.Above,
            },
        };

    protected override bool NeedsBaseline => Bound.NeedsBaseline;

    protected override Limits LimitsFor(Baseline baseline)
    {
        var bound = Bound.Resolve(baseline, Unit, IsAbove ? 1 : -1);
        return new Limits(Past(bound), Gross(bound), Bound.Text(bound, Unit, baseline));
    }

    private Band Past(double bound) =>
        IsAbove
            ? new AboveBand(bound, Comparator is Comparator.AtLeast)
            : new BelowBand(bound, Comparator is Comparator.AtMost);

    /// <summary>
    /// Only rates have a gross breach. Twenty times the bound of a share is often more than everything, so it is never more than
    /// almost everything; a share that must be reached is gross when as much is missing.
    /// </summary>
    private Band? Gross(double bound) =>
        Unit switch
        {
            SignalUnit.Ratio when IsAbove => new AboveBand(GrossFailures(bound), true),
            SignalUnit.Ratio => new BelowBand(1 - GrossFailures(1 - bound), true),
            SignalUnit.PerSecond when IsAbove && bound > 0 => new AboveBand(WatchRules.GrossFactor * bound, true),
            _ => null,
        };

    private static double GrossFailures(double bound) =>
        Math.Min(WatchRules.GrossFactor * bound, Math.Max(WatchRules.GrossShare, (1 + bound) / 2));
}

internal enum Comparator
{
    Above,
    AtLeast,
    Below,
    AtMost,
}
