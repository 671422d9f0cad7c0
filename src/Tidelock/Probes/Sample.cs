using System.Text.Json.Serialization;
using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>What a probe saw of its signal in one tick.</summary>
/// <param name="Signal">The signal's name.</param>
/// <param name="At">The time the value stands for, which is not always the time it was read.</param>
/// <param name="Outcome">A value, no data, or an error.</param>
/// <param name="Value">In the signal's unit; null unless there is a value. Never NaN.</param>
/// <param name="Weight">Requests behind the value, where the probe knows; null otherwise.</param>
/// <param name="Detail">Why there is no data, what the error was, or what the source warned of.</param>
public sealed record Sample(
    string Signal,
    DateTimeOffset At,
    SampleOutcome Outcome,
    double? Value,
    double? Weight = null,
    Message? Detail = null
)
{
    /// <summary>Whether the source answered that there was nothing to measure, since nobody asked for anything: no fault of the source.</summary>
    [JsonIgnore]
    public bool IsQuiet =>
        Outcome is SampleOutcome.NoData
        && Detail?.Code is "probes.not-a-number" or "probes.postgres.not-read" or "probes.postgres.texts-not-due";

    /// <summary>A value.</summary>
    public static Sample Of(string signal, DateTimeOffset at, double value, double? weight = null) =>
        double.IsFinite(value)
            ? new(signal, at, SampleOutcome.Value, value, weight)
            : NoData(signal, at, Message.Of("probes.not-a-number"));

    /// <summary>The source answered and has nothing.</summary>
    public static Sample NoData(string signal, DateTimeOffset at, Message why) =>
        new(signal, at, SampleOutcome.NoData, null, null, why);

    /// <summary>The source did not answer, or not with one number.</summary>
    public static Sample Error(string signal, DateTimeOffset at, Message what) =>
        new(signal, at, SampleOutcome.Error, null, null, what);
}

/// <summary>The three things a probe can come back with.</summary>
public enum SampleOutcome
{
    Value,

    /// <summary>The source answered and has nothing: NaN, an empty vector, a stale series.</summary>
    NoData,

    /// <summary>The source did not answer: a time-out, a refused connection, a 5xx.</summary>
    Error,
}
