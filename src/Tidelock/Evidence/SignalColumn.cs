using Tidelock.Probes;

namespace Tidelock.Evidence;

/// <summary>One column of a plot: the samples of a short stretch of time.</summary>
/// <param name="At">Its first sample.</param>
/// <param name="Samples">How many, with those without a value.</param>
/// <param name="Min">Lowest value; null where there is none.</param>
/// <param name="Max">Highest value; null where there is none.</param>
/// <param name="NoData">How many times the source had nothing.</param>
/// <param name="Errors">How many times it did not answer.</param>
public sealed record SignalColumn(DateTimeOffset At, int Samples, double? Min, double? Max, int NoData, int Errors)
{
    /// <summary>Columns of the widest plot.</summary>
    public const int Most = 480;

    internal static IReadOnlyList<SignalColumn> All(
        IReadOnlyList<(DateTimeOffset At, Sample Sample)> samples,
        DateTimeOffset from,
        DateTimeOffset to
    ) =>
        samples.Count <= Most
            ? [.. samples.Select(s => Of([s]))]
            : [.. samples.GroupBy(s => ColumnOf(s.At, from, to)).OrderBy(g => g.Key).Select(g => Of([.. g]))];

    private static int ColumnOf(DateTimeOffset at, DateTimeOffset from, DateTimeOffset to) =>
        to == from ? 0 : (int)Math.Min(Most - 1, Most * ((at - from) / (to - from)));

    private static SignalColumn Of(IReadOnlyList<(DateTimeOffset At, Sample Sample)> samples) =>
        new(
            samples[0].At,
            samples.Count,
            samples.Min(s => s.Sample.Value),
            samples.Max(s => s.Sample.Value),
            samples.Count(s => s.Sample.Outcome is SampleOutcome.NoData),
            samples.Count(s => s.Sample.Outcome is SampleOutcome.Error)
        );
}
