using Tidelock.Evidence;

namespace Tidelock.Web.Reports;

/// <summary>Columns side by side that all have values, or all have none. A line is never drawn over time that nobody saw.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where the next one begins.</param>
internal sealed record PlotStretch(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<SignalColumn> Columns)
{
    private const double Hole = 2.5;

    public bool HasValues => Columns[0].Max is not null;

    public static IReadOnlyList<PlotStretch> Split(IReadOnlyList<SignalColumn> columns)
    {
        var stretches = new List<PlotStretch>();
        var usual = Usual(columns);
        var current = new List<SignalColumn>();
        foreach (var column in columns)
        {
            if (current.Count > 0 && IsApart(current[^1], column, usual))
            {
                stretches.Add(new PlotStretch(current[0].At, column.At, current));
                current = [];
            }

            current.Add(column);
        }

        if (current.Count > 0)
        {
            stretches.Add(new PlotStretch(current[0].At, current[^1].At, current));
        }

        return stretches;
    }

    private static bool IsApart(SignalColumn last, SignalColumn next, TimeSpan usual) =>
        last.Max is null != next.Max is null || next.At - last.At > usual * Hole;

    private static TimeSpan Usual(IReadOnlyList<SignalColumn> columns)
    {
        var distances = columns.Zip(columns.Skip(1), (a, b) => b.At - a.At).Order().ToList();
        return distances.Count == 0 ? TimeSpan.Zero : distances[distances.Count / 2];
    }
}
