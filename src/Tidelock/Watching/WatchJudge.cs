using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Decides what the watch does, from its evidence alone: the same evidence gives the same decision after a restart.</summary>
public static class WatchJudge
{
    /// <summary>
    /// A breach rolls back, whatever else is the case. Blindness holds. When the time is over only health and enough of it seen end
    /// the watch; anything else holds until it changes or a person decides.
    /// </summary>
    /// <param name="evidence">Samples, baseline, start, time and options.</param>
    /// <param name="extendedBy">By how much people have made the watch longer.</param>
    public static WatchJudgement Judge(WatchEvidence evidence, TimeSpan extendedBy)
    {
        var options = evidence.Options;
        var rollBackWhen = options.RollBackWhen.Select(c => c.JudgeRollBack(evidence)).ToList();
        var healthy = options.Healthy.Select(c => c.JudgeHealthy(evidence)).ToList();
        var endsAt = evidence.StartedAt + options.For + extendedBy + Latest(options);
        return new WatchJudgement(rollBackWhen, healthy, Decide(evidence, rollBackWhen, healthy, endsAt), endsAt);
    }

    private static WatchDecision Decide(
        WatchEvidence evidence,
        List<Verdict> rollBackWhen,
        List<Verdict> healthy,
        DateTimeOffset endsAt
    )
    {
        if (rollBackWhen.FirstOrDefault(v => v.State is VerdictState.Breached) is { } breach)
        {
            return new RollBack(breach);
        }

        if (evidence.SetBack is { } by)
        {
            return new HoldWatch(Message.Of("watching.hold.set-back", ("by", by)), evidence.Now);
        }

        if (Blind(evidence) is [var first, .. var others])
        {
            return first with { Besides = others };
        }

        return evidence.Now < endsAt
            ? new ContinueWatching()
            : AtTheEnd(evidence, [.. rollBackWhen, .. healthy], endsAt);
    }

    private static List<HoldWatch> Blind(WatchEvidence evidence) =>
        [
            .. evidence
                .Options.Signals.Select(s => Blindness.Of(s, evidence))
                .OfType<Blindness>()
                .OrderBy(b => b.Since)
                .Select(b => new HoldWatch(b.Reason, b.Since) { From = b.From }),
        ];

    private static WatchDecision AtTheEnd(WatchEvidence evidence, List<Verdict> verdicts, DateTimeOffset endsAt)
    {
        if (verdicts.FirstOrDefault(v => v.State is not VerdictState.Healthy) is { } open)
        {
            return new HoldWatch(NotHealthy(open), endsAt);
        }

        var needed = evidence.Options.For * WatchRules.Coverage;
        var seen = evidence
            .Options.Signals.Except(BuiltInSignals.All, StringComparer.Ordinal)
            .Select(s => evidence.Of(s).Between(evidence.StartedAt.UtcTicks, evidence.Now.UtcTicks).Covered)
            .DefaultIfEmpty(needed)
            .Min();
        return seen >= needed
            ? new WatchDone()
            : new HoldWatch(
                Message.Of(
                    "watching.hold.too-little-seen",
                    ("seen", seen),
                    ("watch", evidence.Options.For),
                    ("needed", needed)
                ),
                endsAt
            );
    }

    private static Message NotHealthy(Verdict open) =>
        open.State is VerdictState.Unknown
            ? Message.Of("watching.hold.unknown-at-end", ("criterion", open.Criterion), ("reason", open.Reason))
            : Message.Of("watching.hold.unhealthy-at-end", ("criterion", open.Criterion), ("reason", open.Reason));

    /// <summary>How much longer it takes until the last of the time can be seen, because data of it come late.</summary>
    private static TimeSpan Latest(WatchOptions options) =>
        options.Signals.Select(s => options.PaceOf(s).Delay).DefaultIfEmpty().Max();
}
