using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>Values of signals as people read them, in either language: <c>3.2 %</c>, <c>424 ms</c>, <c>61 /s</c>, <c>48</c>.</summary>
public static class Quantity
{
    private const double LongestSeconds = 1e9;

    /// <summary>What is shorter would be "0 ms", as what takes no time at all.</summary>
    private const double ShortestSeconds = 0.001;

    public static string Text(double value, SignalUnit unit) =>
        unit switch
        {
            SignalUnit.Ratio => $"{Short(value * 100)} %",
            SignalUnit.Seconds when Math.Abs(value) is > 0 and < ShortestSeconds => $"{Short(value * 1000)} ms",
            SignalUnit.Seconds when Math.Abs(value) < LongestSeconds => Durations.Short(TimeSpan.FromSeconds(value)),
            SignalUnit.Seconds => $"{Short(value)} s",
            SignalUnit.PerSecond => $"{Short(value)} /s",
            SignalUnit.Number or SignalUnit.Unstated => Short(value),
        };

    private static string Short(double value) => value.ToString(Format(Math.Abs(value)), CultureInfo.InvariantCulture);

    private static string Format(double size) =>
        size switch
        {
            0 => "0",
            < 0.01 => "G2",
            < 10 => "0.##",
            < 100 => "0.#",
            < 1e15 => "0",
            _ => "G4",
        };
}
