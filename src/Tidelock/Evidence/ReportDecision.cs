using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>Something decided, commanded or done to the run as a whole.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Words">In words, with the numbers behind it.</param>
/// <param name="By">The person; null where the run decided by itself.</param>
public sealed record ReportDecision(DateTimeOffset At, DecisionKind Kind, Message Words, string? By)
{
    internal static IReadOnlyList<ReportDecision> All(IEnumerable<RunEvent> events) =>
        [.. events.Select(Of).OfType<ReportDecision>()];

    private static ReportDecision? Of(RunEvent e) =>
        e switch
        {
            EpochTaken { Epoch: > 1 } epoch => new(
                e.At,
                DecisionKind.TakenOver,
                Message.Of(
                    "evidence.decided.epoch",
                    ("epoch", epoch.Epoch),
                    ("host", epoch.Host),
                    ("pid", epoch.ProcessId)
                ),
                null
            ),
            ServerFailedOver failover => new(e.At, DecisionKind.FailedOver, failover.Finding, null),
            GateEvaluated { Overridden: true } gate => new(
                e.At,
                DecisionKind.GateOverridden,
                Message.Of("evidence.decided.overridden", ("gate", gate.Gate)),
                gate.By
            ),
            BlockerActed acted => new(e.At, DecisionKind.BlockerActed, acted.Finding, null),
            MigrationApplied applied => new(e.At, DecisionKind.Applied, applied.Finding, null),
            RunHeld held => new(e.At, DecisionKind.Held, held.Reason, null),
            RunContinued continued => new(e.At, DecisionKind.Continued, continued.Reason, null),
            BoundChanged bound => new(e.At, DecisionKind.BoundChanged, bound.Finding, bound.By),
            CommandTaken command => new(e.At, DecisionKind.Command, Asked(command), command.By),
            RollbackStarted rollback => new(e.At, DecisionKind.RollbackStarted, rollback.Reason, rollback.By),
            MigrationReverted reverted => new(e.At, DecisionKind.Reverted, reverted.Finding, null),
            DatabaseSwapped swapped => new(e.At, DecisionKind.Swapped, swapped.Finding, null),
            RollbackUndone undone => new(e.At, DecisionKind.Undone, undone.Finding, null),
            RunSuspended suspended => new(e.At, DecisionKind.Suspended, suspended.Reason, null),
            RunEnded ended => new(e.At, DecisionKind.Ended, ended.Finding, null),
            _ => null,
        };

    private static Message Asked(CommandTaken command) =>
        command.Verb switch
        {
            RunVerb.Rollback => Message.Of("evidence.asked.rollback", ("argument", command.Argument)),
            RunVerb.Abort => Message.Of("evidence.asked.abort", ("argument", command.Argument)),
            RunVerb.Continue => Message.Of("evidence.asked.continue", ("argument", command.Argument)),
            RunVerb.Extend => Message.Of("evidence.asked.extend", ("argument", command.Argument)),
            RunVerb.Pause => Message.Of("evidence.asked.pause", ("argument", command.Argument)),
            RunVerb.Bound => Message.Of("evidence.asked.bound"),
            RunVerb.Confirm => Message.Of("evidence.asked.confirm", ("argument", command.Argument)),
            RunVerb.Withdraw => Message.Of("evidence.asked.withdraw", ("argument", command.Argument)),
        };
}

public enum DecisionKind
{
    GateOverridden,
    TakenOver,
    FailedOver,
    BlockerActed,
    Applied,
    Held,
    Continued,
    Command,
    BoundChanged,
    RollbackStarted,
    Reverted,
    Swapped,
    Undone,
    Suspended,
    Ended,
}
