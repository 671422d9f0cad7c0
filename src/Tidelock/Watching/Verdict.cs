using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>What a criterion says at one moment.</summary>
/// <param name="Criterion">Its text.</param>
/// <param name="State">Healthy, breached or unknown.</param>
/// <param name="Reason">In words, with the numbers: mean, bound, window, coverage.</param>
/// <param name="Progress">How near to acting, 0 to 1; 1 when breached.</param>
public sealed record Verdict(string Criterion, VerdictState State, Message Reason, double Progress)
{
    /// <summary>How many values of its window are past the bound; null where it is not judged by those of one signal.</summary>
    public PastBound? Past { get; init; }
}

/// <summary>Values of a window.</summary>
/// <param name="Count">Those past the bound.</param>
/// <param name="Of">All.</param>
public sealed record PastBound(int Count, int Of);

/// <summary>Unknown is never healthy and never breached.</summary>
public enum VerdictState
{
    Healthy,
    Breached,
    Unknown,
}
