using System.Globalization;
using Tidelock.Evidence;

namespace Tidelock.Web.Reports;

/// <summary>
/// One signal as a drawing of 1000 × 100 that is stretched to the width of the page; labels stand beside it as text, so that they
/// keep their size. All positions are percentages of the drawing, as text.
/// </summary>
public sealed class PlotView
{
    private const int Hovered = 120;
    private const int Stretches = 8;

    private readonly ReportWatch watch;
    private readonly ReportWords words;
    private readonly PlotScale scale;
    private readonly IReadOnlyList<PlotStretch> stretches;

    public PlotView(ReportWatch watch, ReportSignal signal, IReadOnlyList<PlotMark> marks, ReportWords words)
    {
        this.watch = watch;
        this.words = words;
        Signal = signal;
        scale = PlotScale.Of(signal);
        stretches = PlotStretch.Split(signal.Columns);
        Marks =
        [
            .. marks
                .GroupBy(m => Math.Round(Share(m.At) * 40))
                .Select(g =>
                    (
                        X(g.First().At),
                        string.Join(',', g.Select(m => m.Number)),
                        string.Join('\n', g.Select(m => m.Words))
                    )
                ),
        ];
    }

    public ReportSignal Signal { get; }

    public string Highest => words.Value(scale.High, Signal.Unit);

    public string Lowest => words.Value(scale.Low, Signal.Unit);

    /// <summary>Times along the axis; those in between are shown where the plot is drawn wider.</summary>
    public IEnumerable<(string Clock, bool IsMain)> Clocks =>
        Enumerable
            .Range(0, Stretches + 1)
            .Select(i => (Clock(watch.From + ((watch.To - watch.From) * i / Stretches)), i % (Stretches / 2) == 0));

    public string Zoom => words.Say("evidence.plot.zoom");

    public IReadOnlyList<(string X, string Numbers, string Words)> Marks { get; }

    /// <summary>The course, a path for every stretch without a hole; a column of several samples goes from its lowest to its highest.</summary>
    public IEnumerable<string> Lines =>
        stretches.Where(s => s.HasValues).Select(s => "M" + string.Join('L', s.Columns.SelectMany(Points)));

    /// <summary>Where values are missing.</summary>
    public IEnumerable<(string X, string Width)> Holes =>
        stretches
            .Where(s => !s.HasValues)
            .Select(s => (X(s.From), Percent(Math.Max(0.3, 100 * (Share(s.To) - Share(s.From))))));

    /// <summary>What the signal was before the migration, from lowest to highest.</summary>
    public (string Top, string Height)? Band =>
        Signal.Baseline is { Min: { } min, Max: { } max }
            ? (Percent(scale.Top(max)), Percent(Math.Max(0.5, scale.Top(min) - scale.Top(max))))
            : null;

    public string BandWords =>
        words.Say(
            "evidence.plot.baseline",
            ("low", words.Value(Signal.Baseline.Min, Signal.Unit)),
            ("high", words.Value(Signal.Baseline.Max, Signal.Unit))
        );

    public IEnumerable<(string Top, string Label)> Bounds =>
        Signal.Bounds.Where(scale.Shows).Select(b => (Percent(scale.Top(b.Value)), $"{b.Criterion}"));

    /// <summary>Bounds so far above the course that drawing them would flatten it.</summary>
    public IEnumerable<string> BoundsAbove =>
        Signal
            .Bounds.Where(b => !scale.Shows(b))
            .Select(b => words.Say("evidence.plot.above", ("criterion", b.Criterion)));

    /// <summary>Invisible fields that tell the values under the pointer.</summary>
    public IEnumerable<(string X, string Width, string Words)> Fields
    {
        get
        {
            var size = Math.Max(1, (Signal.Columns.Count + Hovered - 1) / Hovered);
            return Signal.Columns.Chunk(size).Select(Field);
        }
    }

    public string Summary =>
        words.Say(
            "evidence.plot.summary",
            ("low", words.Value(Signal.Watch.Min, Signal.Unit)),
            ("mean", words.Value(Signal.Watch.Mean, Signal.Unit)),
            ("high", words.Value(Signal.Watch.Max, Signal.Unit)),
            ("last", words.Value(Signal.Watch.Last, Signal.Unit))
        );

    /// <summary>How often there was no value, and why the last time; null where there always was one.</summary>
    public string? Trouble =>
        Signal.Watch.NoData + Signal.Watch.Errors == 0
            ? null
            : words.Say(
                "evidence.plot.trouble",
                ("nodata", Signal.Watch.NoData),
                ("errors", Signal.Watch.Errors),
                ("reason", Signal.Watch.Trouble)
            );

    public string? Condensed =>
        Signal.IsCondensed
            ? words.Say(
                "evidence.plot.condensed",
                ("samples", Signal.Columns.Sum(c => c.Samples)),
                ("columns", Signal.Columns.Count)
            )
            : null;

    private (string X, string Width, string Words) Field(SignalColumn[] columns)
    {
        var last = columns[^1];
        var values = columns.Where(c => c.Max is not null).ToList();
        var range =
            values.Count == 0
                ? words.Say("evidence.plot.nothing")
                : Range(values.Min(c => c.Min), values.Max(c => c.Max));
        var time = columns[0].At == last.At ? Clock(last.At) : $"{Clock(columns[0].At)} – {Clock(last.At)}";
        var width = 100 * (Share(last.At) - Share(columns[0].At)) + (100.0 / Math.Max(1, Signal.Columns.Count));
        return (X(columns[0].At), Percent(width), $"{time}  {range}");
    }

    private string Range(double? low, double? high)
    {
        var (from, to) = (words.Value(low, Signal.Unit), words.Value(high, Signal.Unit));
        return from == to ? from : $"{from} – {to}";
    }

    private IEnumerable<string> Points(SignalColumn column)
    {
        var x = X(column.At, 10);
        yield return $"{x} {Percent(scale.Top(column.Min!.Value))}";
        if (column.Max > column.Min)
        {
            yield return $"{x} {Percent(scale.Top(column.Max!.Value))}";
        }
    }

    private string Clock(DateTimeOffset at) => words.Clock(at, watch.From, watch.To);

    private double Share(DateTimeOffset at) => watch.To == watch.From ? 0 : (at - watch.From) / (watch.To - watch.From);

    private string X(DateTimeOffset at, double factor = 1) => Percent(100 * factor * Share(at));

    private static string Percent(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
