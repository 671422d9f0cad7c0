using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>How the run ended, or how it stands.</summary>
/// <param name="Standing">In one word.</param>
/// <param name="Finding">In one sentence; null where nothing more is known.</param>
/// <param name="InPlace">Whether the migration is committed and not taken back.</param>
/// <param name="AppliedAt">When it was committed.</param>
/// <param name="RevertedAt">When it was taken back.</param>
/// <param name="ActsAt">When a held run acts by itself.</param>
public sealed record ReportOutcome(
    RunStanding Standing,
    Message? Finding,
    bool InPlace,
    DateTimeOffset? AppliedAt,
    DateTimeOffset? RevertedAt,
    DateTimeOffset? ActsAt
)
{
    internal static ReportOutcome Of(RunState state, DateTimeOffset now) =>
        new(
            StandingOf(state),
            state.Finding is { } finding && state.Status is RunStatus.Ended ? finding : state.Held?.Reason,
            state.InPlace,
            state.AppliedAt,
            state.RevertedAt,
            state.Held?.Until is { } until && until > now ? until : null
        );

    internal static RunStanding StandingOf(RunState state) =>
        state.Status switch
        {
            RunStatus.None => RunStanding.Unknown,
            RunStatus.Suspended => RunStanding.Suspended,
            RunStatus.Running => state switch
            {
                { Held: not null } => RunStanding.Held,
                { Rollback: not null } => RunStanding.RollingBack,
                _ => RunStanding.Running,
            },
            RunStatus.Ended => state.Result is { } result ? EndOf(result) : RunStanding.Unknown,
        };

    private static RunStanding EndOf(RunResult result) =>
        result switch
        {
            RunResult.Completed => RunStanding.Completed,
            RunResult.NothingChanged => RunStanding.NothingChanged,
            RunResult.Refused => RunStanding.Refused,
            RunResult.RolledBack => RunStanding.RolledBack,
            RunResult.Undone => RunStanding.Undone,
            RunResult.NeedsPerson => RunStanding.NeedsPerson,
        };
}

/// <summary>A run in one word.</summary>
public enum RunStanding
{
    /// <summary>The journal does not say.</summary>
    Unknown,
    Running,

    /// <summary>It waits for a person or for data.</summary>
    Held,

    /// <summary>Its program was told to stop.</summary>
    Suspended,
    RollingBack,
    Completed,
    NothingChanged,
    Refused,
    RolledBack,

    /// <summary>A restore was taken back: the change is in place again.</summary>
    Undone,
    NeedsPerson,
}
