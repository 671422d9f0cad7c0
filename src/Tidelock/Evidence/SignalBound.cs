using System.Globalization;
using Tidelock.Probes;

namespace Tidelock.Evidence;

/// <summary>
/// Where a criterion draws its line in a plot, read back from the criterion's text. A text that is not a plain comparison has no
/// line; it stands among the criteria all the same.
/// </summary>
/// <param name="Criterion">Its text.</param>
/// <param name="Value">In the signal's unit.</param>
/// <param name="Unit">What the text measures in.</param>
public sealed record SignalBound(string Criterion, double Value, SignalUnit Unit)
{
    private static readonly (string Suffix, double Factor, SignalUnit Unit)[] Units =
    [
        ("%", 0.01, SignalUnit.Ratio),
        ("ms", 0.001, SignalUnit.Seconds),
        ("/s", 1, SignalUnit.PerSecond),
        ("s", 1, SignalUnit.Seconds),
        ("min", 60, SignalUnit.Seconds),
    ];

    internal static IReadOnlyList<SignalBound> All(string signal, IEnumerable<string> criteria, double? baseline) =>
        [.. criteria.SelectMany(c => Of(signal, c, baseline)).DistinctBy(b => b.Value)];

    internal static SignalUnit UnitOf(IEnumerable<SignalBound> bounds) =>
        bounds.Select(b => b.Unit).FirstOrDefault(u => u is not SignalUnit.Number, SignalUnit.Number);

    private static IEnumerable<SignalBound> Of(string signal, string criterion, double? baseline) =>
        criterion.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
        {
            [var name, "<" or ">" or "<=" or ">=", var times, "baseline", ..]
                when name == signal && Factor(times) is { } factor => Line(criterion, baseline * factor),
            [var name, "<" or ">" or "<=" or ">=", var value, ..] when name == signal => Line(criterion, value),
            [var name, "within", var share, "of", "baseline", ..] when name == signal && Share(share) is { } part =>
            [
                .. Line(criterion, baseline * (1 - part)),
                .. Line(criterion, baseline * (1 + part)),
            ],
            _ => [],
        };

    private static IEnumerable<SignalBound> Line(string criterion, double? value) =>
        value is { } known ? [new SignalBound(criterion, known, SignalUnit.Number)] : [];

    private static IEnumerable<SignalBound> Line(string criterion, string value)
    {
        var unit = Units.FirstOrDefault(
            u => value.EndsWith(u.Suffix, StringComparison.Ordinal),
            ("", 1, SignalUnit.Number)
        );
        return Number(value[..^unit.Suffix.Length]) is { } number
            ? [new SignalBound(criterion, number * unit.Factor, unit.Unit)]
            : [];
    }

    private static double? Factor(string times) => times.EndsWith('x') ? Number(times[..^1]) : null;

    private static double? Share(string share) => share.EndsWith('%') ? Number(share[..^1]) / 100 : null;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
