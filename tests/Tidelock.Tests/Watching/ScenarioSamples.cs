using System.Globalization;
using System.Text.RegularExpressions;

namespace Tidelock.Tests.Watching;

/// <summary>
/// Reads samples in their compact notation: <c>10m..12m every 10s late 2m: 0.2%</c>. From and to, the end included and the beginning
/// not; by default one a tick, read when it stands for. After the colon an answer, several in turn (<c>0.2%, 3%</c>), or a ramp
/// (<c>0% to 4%</c>); <c>of 100</c> is the number of requests behind each.
/// </summary>
internal static partial class ScenarioSamples
{
    public static IEnumerable<ScenarioSample> Read(string signal, string when, string what, double every)
    {
        var form = Form().Match(when);
        if (!form.Success)
        {
            throw new FormatException($"no samples: {when}");
        }

        var (from, to) = (
            ScenarioText.Seconds(form.Groups["from"].Value),
            ScenarioText.Seconds(form.Groups["to"].Value)
        );
        var step = form.Groups["every"] is { Success: true } e ? ScenarioText.Seconds(e.Value) : every;
        var late = form.Groups["late"] is { Success: true } l ? ScenarioText.Seconds(l.Value) : 0;
        var readAt = form.Groups["read"] is { Success: true } r ? ScenarioText.Seconds(r.Value) : (double?)null;
        var parts = what.Split(" of ", 2);
        double? weight = parts.Length == 2 ? double.Parse(parts[1], CultureInfo.InvariantCulture) : null;
        var answer = Answers(parts[0], from, to);
        for (var (t, i) = (from + step, 0); t <= to + 1e-6; t += step, i++)
        {
            yield return new ScenarioSample(signal, t, readAt ?? t + late, answer(t, i), weight);
        }
    }

    private static Func<double, int, Answer> Answers(string text, double from, double to)
    {
        if (text.Split(" to ") is [var first, var last])
        {
            var (low, high) = (ScenarioText.Number(first)!.Value, ScenarioText.Number(last)!.Value);
            return (t, _) => new Answer.Value(low + ((high - low) * (t - from) / (to - from)));
        }

        var turns = text.Split(',').Select(One).ToList();
        return (_, i) => turns[i % turns.Count];
    }

    private static Answer One(string text) =>
        text.Trim().Split(' ') switch
        {
            ["nan"] => new Answer.NotANumber(),
            ["empty"] => new Answer.Empty(),
            ["error"] => new Answer.NoAnswer(),
            ["series", var first, var last] => new Answer.Series(
                ScenarioText.Number(first)!.Value,
                ScenarioText.Number(last)!.Value
            ),
            ["fine"] => new Answer.Fine(),
            ["broken"] => new Answer.Broken(Critical: false),
            ["critical"] => new Answer.Broken(Critical: true),
            ["outdated"] => new Answer.Outdated(),
            _ => new Answer.Value(ScenarioText.Number(text) ?? throw new FormatException($"no answer: {text}")),
        };

    [GeneratedRegex(
        @"^(?<from>-?\w+)\.\.(?<to>\w+)( every (?<every>\w+))?( late (?<late>\w+))?( read at (?<read>\w+))?$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Form();
}
