using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Evidence.History;

/// <summary>What a run adds to the figures of its environment.</summary>
/// <param name="Run">The run.</param>
/// <param name="Change">Its change.</param>
/// <param name="Environment">Where.</param>
/// <param name="Standing">How it ended or stands.</param>
/// <param name="StartedAt">Its start.</param>
/// <param name="AppliedAt">When the change was committed; null for a run that changed nothing.</param>
/// <param name="KnownAt">When the journal first heard of this digest: a plan, a word, a run anywhere.</param>
/// <param name="FailedAt">When it first showed that the change had failed: a breach, a failed step, the decision to go back; null where it has not.</param>
/// <param name="RestoredAt">When everything was again as before; null where it has not failed, or is not.</param>
public sealed record RunFigures(
    string Run,
    string Change,
    string Environment,
    RunStanding Standing,
    DateTimeOffset StartedAt,
    DateTimeOffset? AppliedAt,
    DateTimeOffset? KnownAt,
    DateTimeOffset? FailedAt,
    DateTimeOffset? RestoredAt
)
{
    /// <summary>From the first time the journal heard of it to the commit.</summary>
    public TimeSpan? LeadTime => AppliedAt - KnownAt;

    public TimeSpan? RestoreTime => RestoredAt - FailedAt;

    internal static RunFigures? Of(string run, IReadOnlyList<RunEvent> events, DateTimeOffset? knownAt)
    {
        var state = RunState.Of(events);
        if (state.Started is not { } started)
        {
            return null;
        }

        var hasFailed =
            state.AppliedAt is not null
            && (state.RevertedAt is not null || state.Rollback is not null || state.Result is RunResult.NeedsPerson);
        return new RunFigures(
            run,
            started.Change,
            started.TargetEnvironment,
            ReportOutcome.StandingOf(state),
            state.StartedAt,
            state.AppliedAt,
            knownAt,
            hasFailed ? FirstSign(events, state.AppliedAt!.Value) : null,
            hasFailed && !state.InPlace ? state.RevertedAt : null
        );
    }

    private static DateTimeOffset? FirstSign(IReadOnlyList<RunEvent> events, DateTimeOffset appliedAt) =>
        events.FirstOrDefault(e => e.At >= appliedAt && IsSign(e))?.At;

    private static bool IsSign(RunEvent e) =>
        e switch
        {
            WatchTicked tick => tick.Verdicts.Any(v => v.State is VerdictState.Breached),
            StepEnded ended => ended.Result is not StepResult.Passed,
            RollbackStarted => true,
            RunEnded ended => ended.Result is RunResult.NeedsPerson,
            _ => false,
        };
}
