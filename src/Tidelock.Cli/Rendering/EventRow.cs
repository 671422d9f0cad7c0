using Tidelock.Evidence;
using Tidelock.Runs;

namespace Tidelock.Cli.Rendering;

/// <summary>An event in one row, as it scrolls by; null for those that only machines read.</summary>
internal sealed class EventRow(ReportWords words)
{
    private readonly RunRows rows = new(words);

    public Row? Of(RunEvent e, RunState state) =>
        e switch
        {
            RunStarted s => Started(s),
            EpochTaken { Epoch: > 1 } t => TakenOver(t),
            GateEvaluated g => rows.Gate(g.Gate, g.Level, words.Of(StandingOf(g)), g.Finding),
            StepStarted s => new(
                "▶",
                s.Step,
                s.Attempt > 1 ? words.Say("cli.event.again", ("attempt", s.Attempt)) : ""
            ),
            StepEnded s => rows.Step(state.Step(s.Step), s.At),
            ServerFailedOver f => new("●", words.Of(DecisionKind.FailedOver), words.Say(f.Finding), Tone.Warn),
            BlockerActed b => new("●", words.Of(DecisionKind.BlockerActed), words.Say(b.Finding), Tone.Warn),
            MigrationApplied a => new("●", words.Of(DecisionKind.Applied), words.Say(a.Finding), Tone.Good),
            MigrationReverted r => new("↩", words.Of(DecisionKind.Reverted), words.Say(r.Finding), Tone.Good),
            DatabaseSwapped s => new("⇄", words.Of(DecisionKind.Swapped), words.Say(s.Finding), Tone.Warn),
            RollbackUndone u => new("↪", words.Of(DecisionKind.Undone), words.Say(u.Finding), Tone.Good),
            RunHeld h => new("‖", words.Of(DecisionKind.Held), words.Say(h.Reason), Tone.Warn),
            RunContinued c => new("▶", words.Of(DecisionKind.Continued), words.Say(c.Reason)),
            BoundChanged b => Bound(b),
            CommandTaken c => new("●", words.Of(DecisionKind.Command), Command(c)),
            RollbackStarted r => GoingBack(r),
            NoticeFailed n => rows.Notice(n.Channel, n.Problem),
            RunSuspended s => new("‖", words.Of(DecisionKind.Suspended), words.Say(s.Reason), Tone.Warn),
            FactRecorded { Step: PointOfNoReturn.Step, Name: PointOfNoReturn.Fact } => rows.AtStake(state),
            RunEnded => rows.Outcome(ReportOutcome.Of(state, e.At)),
            EpochTaken or FactRecorded or WatchTicked or _ => null,
        };

    internal static GateStanding StandingOf(GateEvaluated gate) =>
        gate switch
        {
            { Overridden: true } => GateStanding.Overridden,
            { Passed: false } => GateStanding.NotPassed,
            { By: null } => GateStanding.Passed,
            _ => GateStanding.Confirmed,
        };

    private Row Started(RunStarted started) =>
        new(
            "●",
            words.Say("cli.event.run"),
            words.Say(
                "cli.event.started",
                ("change", started.Change),
                ("environment", started.TargetEnvironment),
                ("target", started.Target),
                ("by", started.By)
            ) + (started.Appointment is { } planned ? "; " + words.Say("cli.event.planned", ("at", planned.Shown)) : "")
        );

    private Row TakenOver(EpochTaken taken) =>
        new(
            "●",
            words.Say("cli.event.run"),
            words.Say("evidence.decided.epoch", ("epoch", taken.Epoch), ("pid", taken.ProcessId), ("host", taken.Host)),
            Tone.Warn
        );

    private Row GoingBack(RollbackStarted back) =>
        new(
            "↩",
            words.Of(DecisionKind.RollbackStarted),
            $"{new RollbackWay(back.Method, back.Rescues).Format()}: {words.Say(back.Reason)}",
            Tone.Bad
        );

    private Row Bound(BoundChanged bound) =>
        new(
            bound.Standing is BoundStanding.Refused ? "✗" : "●",
            words.Of(DecisionKind.BoundChanged),
            words.Say(bound.Finding),
            bound.Standing is BoundStanding.Applied ? Tone.Plain : Tone.Warn
        );

    private string Command(CommandTaken taken) =>
        words.Say(
            "cli.event.command",
            ("verb", taken.Verb.ToString().ToLowerInvariant()),
            ("argument", taken.Argument),
            ("by", taken.By)
        );
}
