namespace Tidelock.Evidence;

/// <summary>A course in one line of text: the highest value of each stretch; a dot where there was none.</summary>
public static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    public static string Of(IReadOnlyList<SignalColumn> columns, int width)
    {
        var values = columns.Where(c => c.Max is not null).Select(c => c.Max!.Value).ToList();
        if (values.Count == 0)
        {
            return "";
        }

        var (low, high) = (Math.Min(0, values.Min()), values.Max());
        return string.Concat(
            columns
                .Select((c, i) => (Cell: i * Math.Min(width, columns.Count) / columns.Count, c.Max))
                .GroupBy(c => c.Cell)
                .Select(g => Bar(g.Max(c => c.Max), low, high))
        );
    }

    private static char Bar(double? value, double low, double high) =>
        value is not { } known ? '·'
        : high <= low ? Bars[0]
        : Bars[(int)Math.Round((known - low) / (high - low) * (Bars.Length - 1))];
}
