using System.Globalization;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>What a signal is compared with.</summary>
internal abstract record Bound
{
    public abstract bool NeedsBaseline { get; }

    /// <summary>The figure; <paramref name="side"/> is 1 for a bound that must not be exceeded, -1 for one that must be reached.</summary>
    public abstract double Resolve(Baseline baseline, SignalUnit unit, int side);

    public abstract string Text(double resolved, SignalUnit unit, Baseline baseline);

    /// <summary>The same for whoever looks on: where it lies, and why there.</summary>
    public abstract Message Words(double resolved, SignalUnit unit, Baseline baseline);
}

/// <summary>A figure in the signal's unit.</summary>
internal sealed record FixedBound(double Value) : Bound
{
    public override bool NeedsBaseline => false;

    public override double Resolve(Baseline baseline, SignalUnit unit, int side) => Value;

    public override string Text(double resolved, SignalUnit unit, Baseline baseline) => Quantity.Text(resolved, unit);

    public override Message Words(double resolved, SignalUnit unit, Baseline baseline) =>
        Message.Of("watching.rule.figure", ("bound", Quantity.Text(resolved, unit)));
}

/// <summary><c>2x baseline</c>, but never nearer to the baseline than <see cref="BaselineFloor"/>.</summary>
internal sealed record BaselineBound(double Factor) : Bound
{
    public override bool NeedsBaseline => true;

    public override double Resolve(Baseline baseline, SignalUnit unit, int side)
    {
        var (ratio, floor) = (Factor * baseline.Mean, baseline.Mean + (side * BaselineFloor.Of(unit, baseline)));
        return side > 0 ? Math.Max(ratio, floor) : Math.Min(ratio, floor);
    }

    public override string Text(double resolved, SignalUnit unit, Baseline baseline) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Quantity.Text(resolved, unit)}, {Factor}x {Quantity.Text(baseline.Mean, unit)} ± {Quantity.Text(baseline.Spread, unit)} of {baseline.Count}"
        );

    public override Message Words(double resolved, SignalUnit unit, Baseline baseline) =>
        Message.Of(
            resolved.Equals(Factor * baseline.Mean) ? "watching.rule.ratio" : "watching.rule.ratio-too-near",
            ("bound", Quantity.Text(resolved, unit)),
            ("factor", Factor),
            ("baseline", Quantity.Text(baseline.Mean, unit))
        );
}

/// <summary>The least difference from a baseline that means anything, so that twice of almost nothing is not a breach.</summary>
internal static class BaselineFloor
{
    /// <param name="unit">What is measured; where nobody said what, only the spread of the baseline tells what a difference is.</param>
    /// <param name="baseline">What was before the migration.</param>
    public static double Of(SignalUnit unit, Baseline baseline) =>
        unit switch
        {
            SignalUnit.Ratio => 0.001,
            SignalUnit.Seconds => 0.020,
            SignalUnit.PerSecond => 1,
            SignalUnit.Number => 5,
            SignalUnit.Unstated => baseline.Spread,
        };
}
