namespace Tidelock.Watching;

/// <summary>Tells whether a criterion lets more pass than another. What cannot be told counts as looser.</summary>
internal static class Leniency
{
    /// <param name="old">The criterion as it stands.</param>
    /// <param name="wanted">The one that is to take its place.</param>
    /// <param name="mustHold">Whether it stands under <c>healthy</c>, where not to hold is the breach.</param>
    /// <param name="record">With the baseline, so that a ratio can be compared with a figure.</param>
    public static bool IsLooser(Criterion old, Criterion wanted, bool mustHold, WatchRecord record)
    {
        var (before, after) = mustHold
            ? (old.Condition.Not(), wanted.Condition.Not())
            : (old.Condition, wanted.Condition);
        return WatchRules.Window(wanted, record.Options) > WatchRules.Window(old, record.Options)
            || !Covers(after, before, record);
    }

    /// <summary>Whether whatever is a breach by <paramref name="before"/> is one by <paramref name="after"/>.</summary>
    private static bool Covers(Condition after, Condition before, WatchRecord record) =>
        (after, before) switch
        {
            (_, EitherCondition b) => Covers(after, b.Left, record) && Covers(after, b.Right, record),
            (BothConditions a, _) => Covers(a.Left, before, record) && Covers(a.Right, before, record),
            (EitherCondition a, _) => Covers(a.Left, before, record) || Covers(a.Right, before, record),
            (_, BothConditions b) => Covers(after, b.Left, record) || Covers(after, b.Right, record),
            (SignalCondition a, SignalCondition b) => a.Covers(b, record.BaselineOf(a.Signal)),
            _ => after == before,
        };
}
