using System.Globalization;

namespace Tidelock.Texts;

/// <summary>Durations as an operator reads them in either language: <c>41 ms</c>, <c>3.1 s</c>, <c>2 min 10 s</c>, <c>31 h</c>.</summary>
public static class Durations
{
    /// <summary>The shortest exact-enough form; days above 48 hours.</summary>
    public static string Short(TimeSpan span) =>
        span switch
        {
            _ when span < TimeSpan.Zero => "-" + Short(span.Negate()),
            _ when span < TimeSpan.FromSeconds(1) => Text($"{Math.Round(span.TotalMilliseconds)} ms"),
            _ when span < TimeSpan.FromSeconds(10) => Text($"{Math.Round(span.TotalSeconds, 1)} s"),
            _ when span < TimeSpan.FromMinutes(1) => Text($"{Math.Floor(span.TotalSeconds)} s"),
            _ when span < TimeSpan.FromHours(1) => Two((int)span.TotalMinutes, "min", span.Seconds, "s"),
            _ when span <= TimeSpan.FromHours(48) => Two((int)span.TotalHours, "h", span.Minutes, "min"),
            _ => Two((int)span.TotalDays, "d", span.Hours, "h"),
        };

    private static string Two(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? Text($"{large} {largeUnit}") : Text($"{large} {largeUnit} {small} {smallUnit}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
