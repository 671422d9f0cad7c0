using Tidelock.Evidence;

namespace Tidelock.Web.Reports;

/// <summary>The values a plot shows: from zero, or below where there are such values, to a little above the highest.</summary>
internal sealed record PlotScale(double Low, double High)
{
    private const double FarAbove = 4;

    public static PlotScale Of(ReportSignal signal)
    {
        var values = signal
            .Columns.SelectMany(c => new[] { c.Min, c.Max })
            .Append(signal.Baseline.Max)
            .OfType<double>()
            .ToList();
        var (low, high) = values.Count == 0 ? (0, 0) : (Math.Min(0, values.Min()), values.Max());
        var near = signal.Bounds.Select(b => b.Value).Where(v => high <= 0 || v <= high * FarAbove);
        var top = near.Append(high).Max();
        return new PlotScale(low, top > low ? top + ((top - low) * 0.12) : low + 1);
    }

    public bool Shows(SignalBound bound) => bound.Value <= High && bound.Value >= Low;

    /// <summary>Percent from the top.</summary>
    public double Top(double value) => Math.Clamp(100 * (High - value) / (High - Low), 0, 100);
}
