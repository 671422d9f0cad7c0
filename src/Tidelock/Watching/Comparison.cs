using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary><c>error_rate &gt; 1%</c>, <c>p95 &lt; 500ms</c>, <c>p95 &gt; 2x baseline</c>.</summary>
/// <param name="Signal">What is compared.</param>
/// <param name="Unit">What it is measured in.</param>
/// <param name="Comparator">How.</param>
/// <param name="Bound">With what.</param>
/// <param name="GrossBound">From where on nobody waits for the window, as its author says; null for the ordinary.</param>
internal sealed record Comparison(
    string Signal,
    SignalUnit Unit,
    Comparator Comparator,
    Bound Bound,
    Bound? GrossBound = null
) : SignalCondition(Signal, Unit)
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

    /// <summary>The same with a gross bound; null where that is nearer than the bound itself, as far as it can be known already.</summary>
    public Comparison? WithGross(Bound gross) =>
        (Bound, gross) is (FixedBound near, FixedBound far) && !Past(near.Value).Contains(far.Value)
        || (Bound, gross) is (BaselineBound b, BaselineBound g)
            && (IsAbove ? g.Factor <= b.Factor : g.Factor >= b.Factor)
            ? null
            : this with
            {
                GrossBound = gross,
            };

    protected override bool NeedsBaseline => Bound.NeedsBaseline || GrossBound is { NeedsBaseline: true };

    protected override Message Words(Baseline baseline) =>
        Message.Of(
            Comparator switch
            {
                Comparator.Above => "watching.rule.above",
                Comparator.AtLeast => "watching.rule.at-least",
                Comparator.Below => "watching.rule.below",
                Comparator.AtMost => "watching.rule.at-most",
            },
            ("bound", Bound.Words(Resolve(Bound, baseline), Unit, baseline))
        );

    protected override Limits LimitsFor(Baseline baseline)
    {
        var bound = Resolve(Bound, baseline);
        return new Limits(Past(bound), Bound.Text(bound, Unit, baseline), Gross(bound, baseline));
    }

    private double Resolve(Bound bound, Baseline baseline) => bound.Resolve(baseline, Unit, IsAbove ? 1 : -1);

    private GrossLimit? Gross(double bound, Baseline baseline) =>
        GrossBound is null ? UsualGross(bound)
        : Resolve(GrossBound, baseline) is var gross && Past(bound).Contains(gross)
            ? new GrossLimit(Past(gross), GrossBound.Text(gross, Unit, baseline))
        : null;

    private GrossLimit? UsualGross(double bound) =>
        UsualGrossBound(bound) is { } gross
            ? new GrossLimit(
                IsAbove ? new AboveBand(gross, true) : new BelowBand(gross, true),
                Quantity.Text(gross, Unit)
            )
            : null;

    private Band Past(double bound) =>
        IsAbove
            ? new AboveBand(bound, Comparator is Comparator.AtLeast)
            : new BelowBand(bound, Comparator is Comparator.AtMost);

    /// <summary>
    /// Only rates have a gross breach of their own. Twenty times the bound of a share is often more than everything, so it is never more
    /// than almost everything; a share that must be reached is gross when as much is missing.
    /// </summary>
    private double? UsualGrossBound(double bound) =>
        Unit switch
        {
            SignalUnit.Ratio when IsAbove => GrossFailures(bound),
            SignalUnit.Ratio => 1 - GrossFailures(1 - bound),
            SignalUnit.PerSecond when IsAbove && bound > 0 => WatchRules.GrossFactor * bound,
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
