namespace Tidelock.Probes;

/// <summary>One probe as declared under <c>watch.probes</c>: which signal it yields and how it is read.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">What its values stand for.</param>
public abstract record ProbeOptions(string Signal, SignalUnit Unit)
{
    /// <summary>
    /// How old this source's data are when they are complete, as its author declares. Samples stand for a time so long ago; a rule that
    /// is shorter cannot be kept.
    /// </summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Whether the source could tell how many requests are behind a value, and is not asked to.</summary>
    public virtual bool IsUncounted => false;

    /// <summary>How far apart the source's values are, where that is more than a tick: one a minute is not four fifths missing.</summary>
    public TimeSpan Every { get; init; }
}

/// <summary>What a signal's values stand for; bounds of criteria are converted to it.</summary>
public enum SignalUnit
{
    /// <summary>A bare number: connections, rows, or a query whose author named no unit. A bound of <c>1%</c> is 0.01 here too.</summary>
    Number,

    /// <summary>A share of one: 0.01 is 1 %.</summary>
    Ratio,

    /// <summary>A duration in seconds.</summary>
    Seconds,

    /// <summary>Events per second.</summary>
    PerSecond,

    /// <summary>
    /// The author did not say (a Prometheus query without <c>unit</c>): bounds are bare numbers, or percentages of one. A bound in
    /// milliseconds or per minute is a mistake, because nobody knows what it would be compared with.
    /// </summary>
    Unstated,
}
