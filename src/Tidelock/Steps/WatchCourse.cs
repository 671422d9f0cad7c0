using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// What follows from a look at the watch: from the run's journal, the judgement and the policy alone, so that it is the same after a
/// restart. Whatever is asked or held, the watch goes on.
/// </summary>
/// <param name="state">The run, with the tick that was judged.</param>
/// <param name="judgement">With a verdict for every criterion; its decision leaves out breaches a person lives with.</param>
/// <param name="policy">What to do about a breach.</param>
/// <param name="now">By the run's clock.</param>
internal sealed class WatchCourse(RunState state, WatchJudgement judgement, RollbackOptions policy, DateTimeOffset now)
{
    private const string Asking = "runs.asking";

    private RunHeld? Held => state.Held;

    private bool IsOver => now >= judgement.EndsAt;

    /// <summary>A person's last word to go on; none while the run is paused.</summary>
    private CommandTaken? Word =>
        state.Paused is null ? state.Commands.LastOrDefault(c => c.Verb is RunVerb.Continue) : null;

    public WatchMove Next()
    {
        var breached = judgement.RollBackWhen.Where(v => v.State is VerdictState.Breached && !IsAccepted(v)).ToList();
        return breached.Count > 0 ? OnBreach(breached)
            : Held is { Breaches: { } asked } question ? OnQuestion(question, asked)
            : OnDecision(Decision());
    }

    private bool IsAccepted(Verdict verdict) =>
        AskedBreach.Of(verdict) is var breach && state.Accepted.Any(a => a.Covers(breach));

    private WatchMove OnBreach(List<Verdict> breached)
    {
        var until = Held?.Until ?? now + policy.AskFor;
        if (policy.Automatic || now >= until)
        {
            return WatchMove.End(StepOutcome.Breached(breached[0].Reason));
        }

        var known = Held?.Breaches ?? [];
        var worse = breached.Where(v => !known.Any(k => k.Covers(AskedBreach.Of(v)))).ToList();
        return worse.Count == 0 && Held?.Reason.Code is Asking
            ? WatchMove.None
            : WatchMove.Tell(
                new RunHeld(Question((worse.FirstOrDefault() ?? breached[0]).Reason, until), until)
                {
                    Breaches = [.. known, .. worse.Select(AskedBreach.Of)],
                }
            );
    }

    private Message Question(Message reason, DateTimeOffset until) =>
        Message.Of(Asking, ("reason", reason), ("limit", until - now), ("method", policy.Method));

    /// <summary>No breach is left that nobody decided on. One that cannot be judged any more is not over, and does not roll back either.</summary>
    private WatchMove OnQuestion(RunHeld question, IReadOnlyList<AskedBreach> asked)
    {
        if (Word is { } word && word.At >= question.At)
        {
            return WatchMove.Tell(new RunContinued(Message.Of("steps.watch.stays", ("by", word.By))));
        }

        var judged = asked.Where(IsJudged).ToList();
        if (judged.All(b => b.IsOverIn(judgement.RollBackWhen)))
        {
            var why = judged.Count > 0 ? "steps.watch.cleared" : "steps.watch.replaced";
            return WatchMove.Tell(new RunContinued(Message.Of(why, ("criterion", asked[0].Criterion))));
        }

        return judgement.Decision is HoldWatch blind && !IsSame(question.Reason, blind.Reason)
            ? WatchMove.Tell(new RunHeld(blind.Reason, question.Until) { Breaches = asked })
            : WatchMove.None;
    }

    /// <summary>Whether the watch is still judged by it: another bound may have come in its place.</summary>
    private bool IsJudged(AskedBreach breach) =>
        judgement.RollBackWhen.Any(v => string.Equals(v.Criterion, breach.Criterion, StringComparison.Ordinal));

    /// <summary>What the judge decided, unless a person lives with a breach that is there at the end, or has paused the run.</summary>
    private WatchDecision Decision()
    {
        var decision = judgement.Decision;
        if (decision is WatchDone && judgement.RollBackWhen.FirstOrDefault(IsOpen) is { } open)
        {
            return new HoldWatch(
                Message.Of("watching.hold.unhealthy-at-end", ("criterion", open.Criterion), ("reason", open.Reason)),
                judgement.EndsAt
            );
        }

        return decision is ContinueWatching or WatchDone && state.Paused is { } pause
            ? new HoldWatch(Message.Of("steps.watch.paused", ("by", pause.By)), pause.At)
            : decision;
    }

    private static bool IsOpen(Verdict verdict) => verdict.State is not VerdictState.Healthy;

    private WatchMove OnDecision(WatchDecision decision) =>
        decision switch
        {
            HoldWatch when IsOver && state.Staying is { } person && person.At >= judgement.EndsAt => WatchMove.End(
                StepOutcome.Passed(Message.Of("steps.watch.accepted", ("by", person.By)))
            ),
            HoldWatch hold when !IsOver && state.Staying is { } person => OnHolds(
                hold.After(person.At),
                Message.Of("steps.watch.stays", ("by", person.By))
            ),
            HoldWatch hold => OnHolds([.. hold.All], Message.Of("steps.watch.sees-again")),
            WatchDone when Held is null => WatchMove.End(
                StepOutcome.Passed(
                    Message.Of(
                        judgement.Verdicts.Count == 0 ? "steps.watch.unjudged" : "steps.watch.done",
                        ("for", judgement.EndsAt - state.Step("watch").StartedAt!.Value),
                        ("ticks", state.WatchTicks.Count())
                    )
                )
            ),
            _ => Continued(
                Word is { } word && word.At >= Held?.At
                    ? Message.Of("runs.continued-by", ("by", word.By))
                    : Message.Of("steps.watch.sees-again")
            ),
        };

    /// <summary>Tells what holds the run and was not told yet. A person's word covers what held it when it was given, and nothing since.</summary>
    private WatchMove OnHolds(IReadOnlyList<HoldWatch> holds, Message otherwise) =>
        holds switch
        {
            [] => Continued(otherwise),
            _ when IsTold(holds) => WatchMove.None,
            [var one] => WatchMove.Tell(new RunHeld(one.Reason, null)),
            [var first, ..] => WatchMove.Tell(
                new RunHeld(
                    Message.Of(
                        HoldWatch.Several,
                        ("reason", first.Reason),
                        ("signals", string.Join(", ", holds.Select(h => About(h.Reason))))
                    ),
                    null
                )
            ),
        };

    /// <summary>Whether the reason that people know still is one, and all the others were named beside it.</summary>
    private bool IsTold(IReadOnlyList<HoldWatch> holds) =>
        Held?.Reason is { } told
        && (
            told is { Code: HoldWatch.Several, Parts: { } parts }
                ? holds.Select(h => About(h.Reason)).All(told.Arguments["signals"].Split(", ").Contains)
                    && holds.Any(h => string.Equals(About(h.Reason), About(parts["reason"]), StringComparison.Ordinal))
                : holds.Count == 1 && IsSame(told, holds[0].Reason)
        );

    private WatchMove Continued(Message why) => Held is null ? WatchMove.None : WatchMove.Tell(new RunContinued(why));

    /// <summary>Whether both say the same of the same thing; how long it has lasted does not matter.</summary>
    private static bool IsSame(Message one, Message other) =>
        string.Equals(one.Code, other.Code, StringComparison.Ordinal)
        && string.Equals(About(one), About(other), StringComparison.Ordinal);

    private static string? About(Message message) =>
        message.Arguments.GetValueOrDefault("signal") ?? message.Arguments.GetValueOrDefault("criterion");
}

/// <summary>One move: something told, or the end of the step, or neither.</summary>
internal sealed record WatchMove(RunEvent? Event, StepOutcome? Outcome)
{
    public static WatchMove None { get; } = new(null, null);

    public static WatchMove Tell(RunEvent e) => new(e, null);

    public static WatchMove End(StepOutcome outcome) => new(null, outcome);
}
