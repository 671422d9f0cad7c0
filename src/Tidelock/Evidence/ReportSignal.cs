using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>One signal over baseline and watch.</summary>
/// <param name="Signal">Its name.</param>
/// <param name="Unit">What its values stand for, as far as the criteria tell.</param>
/// <param name="Baseline">Before the migration.</param>
/// <param name="Watch">After it.</param>
/// <param name="Bounds">Where the criteria put their limits.</param>
/// <param name="Columns">All samples in at most <see cref="SignalColumn.Most"/> columns of equal time, each with its lowest and
/// highest value, so that no spike is lost. Fewer samples than columns stand as they are.</param>
public sealed record ReportSignal(
    string Signal,
    SignalUnit Unit,
    SignalSummary Baseline,
    SignalSummary Watch,
    IReadOnlyList<SignalBound> Bounds,
    IReadOnlyList<SignalColumn> Columns
)
{
    /// <summary>Whether a column stands for more than one sample.</summary>
    public bool IsCondensed => Columns.Any(c => c.Samples > 1);

    internal static IReadOnlyList<ReportSignal> All(
        IReadOnlyList<WatchTicked> ticks,
        IReadOnlyList<ReportCriterion> criteria,
        DateTimeOffset from,
        DateTimeOffset to
    ) =>
        [
            .. ticks
                .SelectMany(t => t.Samples.Select(s => (Tick: t, Sample: s)))
                .GroupBy(s => s.Sample.Signal, StringComparer.Ordinal)
                .Select(g => Of(g.Key, [.. g], criteria, from, to)),
        ];

    private static ReportSignal Of(
        string signal,
        IReadOnlyList<(WatchTicked Tick, Sample Sample)> samples,
        IReadOnlyList<ReportCriterion> criteria,
        DateTimeOffset from,
        DateTimeOffset to
    )
    {
        var baseline = SignalSummary.Of([.. samples.Where(s => s.Tick.Baseline).Select(s => s.Sample)]);
        var watch = SignalSummary.Of([.. samples.Where(s => !s.Tick.Baseline).Select(s => s.Sample)]);
        var bounds = SignalBound.All(signal, criteria.Select(c => c.Criterion), baseline.Mean);
        return new ReportSignal(
            signal,
            SignalBound.UnitOf(bounds),
            baseline,
            watch,
            bounds,
            SignalColumn.All([.. samples.Select(s => (s.Tick.At, s.Sample))], from, to)
        );
    }
}

/// <summary>The samples of one part of the watch in numbers.</summary>
/// <param name="Samples">How many, with those without a value.</param>
/// <param name="NoData">How many times the source had nothing.</param>
/// <param name="Errors">How many times it did not answer.</param>
/// <param name="Trouble">Why the last sample without a value had none.</param>
public sealed record SignalSummary(
    int Samples,
    int NoData,
    int Errors,
    double? Min,
    double? Mean,
    double? Max,
    double? Last,
    Message? Trouble
)
{
    internal static SignalSummary Of(IReadOnlyList<Sample> samples)
    {
        var values = samples.Where(s => s.Value is not null).Select(s => s.Value!.Value).ToList();
        return new SignalSummary(
            samples.Count,
            samples.Count(s => s.Outcome is SampleOutcome.NoData),
            samples.Count(s => s.Outcome is SampleOutcome.Error),
            values.Count > 0 ? values.Min() : null,
            values.Count > 0 ? values.Average() : null,
            values.Count > 0 ? values.Max() : null,
            values.Count > 0 ? values[^1] : null,
            samples.LastOrDefault(s => s.Detail is not null)?.Detail
        );
    }
}
