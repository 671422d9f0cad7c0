using Tidelock.Runs;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>Why somebody must be called.</summary>
/// <param name="Class">What it is, for rules in PagerDuty.</param>
/// <param name="Severity">One of PagerDuty's four words.</param>
/// <param name="Since">Since when.</param>
internal sealed record PagerDutyNeed(string Class, string Severity, DateTimeOffset Since)
{
    /// <summary>A run whose program goes without an event that says so.</summary>
    public static PagerDutyNeed Of(Notice alarm) => new("needs-person", "critical", alarm.At);

    /// <summary>
    /// A run that ended and needs a person; one whose program was told to stop with the change in place, so that nobody watches it; one that
    /// holds longer than it may, or that asks people with a time limit of which half is over. Null where nobody is needed.
    /// </summary>
    public static PagerDutyNeed? Of(RunState state, TimeSpan holdAfter, DateTimeOffset now) =>
        state switch
        {
            { Status: RunStatus.Ended, Result: RunResult.NeedsPerson } => new(
                "needs-person",
                "critical",
                state.EndedAt ?? now
            ),
            { Status: RunStatus.Ended } => null,
            { Status: RunStatus.Suspended, InPlace: true } => new("unwatched", "error", now),
            { Held: { } held } when now >= Due(held, holdAfter) => new("hold", "error", held.At),
            _ => null,
        };

    private static DateTimeOffset Due(RunHeld held, TimeSpan holdAfter)
    {
        var half = held.Until is { } until ? (until - held.At) / 2 : TimeSpan.MaxValue;
        return held.At + (half < holdAfter ? half : holdAfter);
    }
}
