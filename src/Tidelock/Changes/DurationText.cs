using System.Globalization;
using System.Text.RegularExpressions;

namespace Tidelock.Changes;

/// <summary>Durations as authors write them: <c>50ms</c>, <c>30m</c>, <c>24h</c>, <c>1h30m</c>; days are <c>d</c>.</summary>
public static partial class DurationText
{
    /// <summary>Null when it is not a duration, or is nothing at all (<c>0s</c>).</summary>
    public static TimeSpan? TryParse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var milliseconds =
            (Part(match, "d") * 86_400_000)
            + (Part(match, "h") * 3_600_000)
            + (Part(match, "m") * 60_000)
            + (Part(match, "s") * 1000)
            + Part(match, "ms");
        return milliseconds > 0 ? TimeSpan.FromMilliseconds(milliseconds) : null;
    }

    private static long Part(Match match, string unit) =>
        match.Groups[unit] is { Success: true } group ? long.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(
        "^((?<d>[0-9]{1,6})d)?((?<h>[0-9]{1,6})h)?((?<m>[0-9]{1,6})m)?((?<s>[0-9]{1,9})s)?((?<ms>[0-9]{1,9})ms)?$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Form();
}
