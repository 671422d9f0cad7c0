namespace Tidelock.Watching;

/// <summary>The values a condition is about.</summary>
internal abstract record Band
{
    /// <summary>What a mean of many values may be off by where none of them is.</summary>
    private const double Rounding = 1e-9;

    public abstract bool Contains(double value);

    /// <summary>Whether a mean lies in it: as a value does, only that a mean of values at the bound is taken to be at the bound.</summary>
    public abstract bool ContainsMean(double mean);

    /// <summary>Whether every value of the other lies in it too; bands of different kinds are not compared.</summary>
    public abstract bool Covers(Band other);

    /// <summary>How near a value is to the band: 1 inside, 0 far away.</summary>
    public double Closeness(double value) => Contains(value) ? 1 : Math.Clamp(Nearness(value), 0, 1);

    protected abstract double Nearness(double value);

    protected static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;

    protected static double Snapped(double mean, double bound) =>
        Math.Abs(mean - bound) <= Rounding * Math.Abs(bound) ? bound : mean;
}

internal sealed record AboveBand(double Bound, bool Included) : Band
{
    public override bool Contains(double value) => Included ? value >= Bound : value > Bound;

    public override bool ContainsMean(double mean) => Contains(Snapped(mean, Bound));

    public override bool Covers(Band other) =>
        other is AboveBand o && (Contains(o.Bound) || (Bound.Equals(o.Bound) && !o.Included));

    protected override double Nearness(double value) => Ratio(value, Bound);
}

internal sealed record BelowBand(double Bound, bool Included) : Band
{
    public override bool Contains(double value) => Included ? value <= Bound : value < Bound;

    public override bool ContainsMean(double mean) => Contains(Snapped(mean, Bound));

    public override bool Covers(Band other) =>
        other is BelowBand o && (Contains(o.Bound) || (Bound.Equals(o.Bound) && !o.Included));

    protected override double Nearness(double value) => Ratio(Bound, value);
}

/// <summary>From <paramref name="Low"/> to <paramref name="High"/>, both within.</summary>
internal sealed record InnerBand(double Low, double High) : Band
{
    public override bool Contains(double value) => value >= Low && value <= High;

    public override bool ContainsMean(double mean) => Contains(Snapped(Snapped(mean, Low), High));

    public override bool Covers(Band other) => other is InnerBand o && Low <= o.Low && High >= o.High;

    protected override double Nearness(double value) => value < Low ? Ratio(value, Low) : Ratio(High, value);
}

/// <summary>Below <paramref name="Low"/> or above <paramref name="High"/>.</summary>
internal sealed record OuterBand(double Low, double High) : Band
{
    public override bool Contains(double value) => value < Low || value > High;

    public override bool ContainsMean(double mean) => Contains(Snapped(Snapped(mean, Low), High));

    public override bool Covers(Band other) => other is OuterBand o && Low >= o.Low && High <= o.High;

    protected override double Nearness(double value) => Ratio(Math.Abs((2 * value) - Low - High), High - Low);
}
