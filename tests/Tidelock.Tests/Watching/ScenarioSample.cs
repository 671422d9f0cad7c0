using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>What a source answers at a time, and when.</summary>
/// <param name="Signal">Of which signal.</param>
/// <param name="At">The time it stands for, in seconds since the start by a clock that is right.</param>
/// <param name="ReadAt">When it is read.</param>
/// <param name="Answer">What is answered.</param>
/// <param name="Weight">Requests behind it; null where nobody counts them.</param>
internal sealed record ScenarioSample(string Signal, double At, double ReadAt, Answer Answer, double? Weight)
{
    /// <summary>As the probe yields it; <paramref name="at"/> is the time by this machine's clock.</summary>
    public Sample Yielded(DateTimeOffset at) =>
        Answer switch
        {
            Answer.Value v => Sample.Of(Signal, at, v.Number, Weight),
            Answer.Fine => BuiltInSignals.Fine(Signal, at),
            Answer.Broken { Critical: true } => BuiltInSignals.BrokenForSure(Signal, at, Why("broken")),
            Answer.Broken => BuiltInSignals.Broken(Signal, at, Why("broken")),
            Answer.Outdated => BuiltInSignals.Outdated(Signal, at, "the weekly KPI"),
            Answer.NotANumber => Sample.Of(Signal, at, double.NaN),
            Answer.Empty => Sample.NoData(Signal, at, Why("empty")),
            Answer.Series => Sample.Error(Signal, at, Why("two series")),
            _ => Sample.Error(Signal, at, Why("no answer")),
        };

    private static Message Why(string reason) => Message.Of("probes.failed", ("reason", reason));
}

/// <summary>What a source can answer.</summary>
internal abstract record Answer
{
    public sealed record Value(double Number) : Answer;

    /// <summary>NaN, as of a ratio of nothing to nothing.</summary>
    public sealed record NotANumber : Answer;

    /// <summary>An empty vector.</summary>
    public sealed record Empty : Answer;

    /// <summary>Two series where one was asked for.</summary>
    public sealed record Series(double First, double Last) : Answer;

    public sealed record NoAnswer : Answer;

    public sealed record Fine : Answer;

    public sealed record Broken(bool Critical) : Answer;

    /// <summary>A statement prepared before the migration fails: SQLSTATE 0A000.</summary>
    public sealed record Outdated : Answer;
}
