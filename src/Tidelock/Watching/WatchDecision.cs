using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>What the watch should do now.</summary>
public abstract record WatchDecision;

/// <summary>Go on watching.</summary>
public sealed record ContinueWatching : WatchDecision;

/// <summary>Go on watching, tell people, and do not end: the watch cannot see, or its time is over and not all is well. It continues
/// by itself when that changes; a person may decide before.</summary>
/// <param name="Reason">Why, and what ends it.</param>
/// <param name="Since">Since when.</param>
public sealed record HoldWatch(Message Reason, DateTimeOffset Since) : WatchDecision
{
    /// <summary>The code of what is told when several hold it.</summary>
    public const string Several = "watching.hold.several";

    /// <summary>When that began to hold the run: later than <see cref="Since"/> where it was waited for.</summary>
    public DateTimeOffset From { get; init; } = Since;

    /// <summary>What else would hold it: other signals that cannot be seen, in the order in which they were lost.</summary>
    public IReadOnlyList<HoldWatch> Besides { get; init; } = [];

    internal IEnumerable<HoldWatch> All => Besides.Prepend(this);

    /// <summary>Those that a person's word says nothing of: they did not hold the run yet when it was given.</summary>
    internal IReadOnlyList<HoldWatch> After(DateTimeOffset word) => [.. All.Where(h => h.From >= word)];
}

/// <summary>Go back: a criterion under <c>rollBackWhen</c> is breached.</summary>
/// <param name="Verdict">Which, with its numbers.</param>
public sealed record RollBack(Verdict Verdict) : WatchDecision;

/// <summary>The time is over, all criteria are healthy, and enough of the time was seen.</summary>
public sealed record WatchDone : WatchDecision;

/// <summary>One look at the whole watch.</summary>
/// <param name="RollBackWhen">One verdict per criterion that takes the change back, in the order of the change file.</param>
/// <param name="Healthy">One verdict per criterion that must hold; breached when it does not.</param>
/// <param name="Decision">What to do now.</param>
/// <param name="EndsAt">When the watch would end.</param>
public sealed record WatchJudgement(
    IReadOnlyList<Verdict> RollBackWhen,
    IReadOnlyList<Verdict> Healthy,
    WatchDecision Decision,
    DateTimeOffset EndsAt
)
{
    /// <summary>All verdicts, for <c>WatchTicked</c>.</summary>
    public IReadOnlyList<Verdict> Verdicts => [.. RollBackWhen, .. Healthy];
}
