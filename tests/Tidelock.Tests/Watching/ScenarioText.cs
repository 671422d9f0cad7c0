using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Changes;

namespace Tidelock.Tests.Watching;

/// <summary>The words scenario files are written in: times since the start of the watch, values with units.</summary>
internal static partial class ScenarioText
{
    /// <summary><c>0s</c>, <c>12m05s</c>; <c>-2m</c> is before the watch.</summary>
    public static double Seconds(string text) =>
        text.Trim() is "0s" ? 0
        : text.Trim() is ['-', .. var before] ? -Seconds(before)
        : DurationText.TryParse(text.Trim()) is { } span ? span.TotalSeconds
        : throw new FormatException($"no time: {text}");

    public static string Time(double seconds) =>
        TimeSpan.FromSeconds(seconds) is var t && t.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)t.TotalMinutes}m{t.Seconds:00}s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds}s");

    /// <summary><c>0.2%</c>, <c>200ms</c>, <c>3/s</c>, <c>48</c>: the value in its signal's unit; null where it is none.</summary>
    public static double? Number(string text)
    {
        var match = NumberForm().Match(text.Trim());
        return match.Success
            ? double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)
                * Size(match.Groups["unit"].Value)
            : null;
    }

    private static double Size(string unit) =>
        unit switch
        {
            "%" => 0.01,
            "ms" => 0.001,
            _ => 1,
        };

    [GeneratedRegex(@"^(?<number>-?[0-9]+(\.[0-9]+)?)(?<unit>%|ms|s|/s)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NumberForm();
}
