using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary><c>downstream fails</c>, <c>contract broken</c>, and their opposites.</summary>
internal sealed record FaultCondition(string Signal, FaultState Expected) : Condition
{
    public override IEnumerable<string> Signals => [Signal];

    public override IEnumerable<string> BaselineSignals => [];

    public override IEnumerable<string> Shares => [];

    public override Condition Not() =>
        this with
        {
            Expected = Expected is FaultState.Broken ? FaultState.Fine : FaultState.Broken,
        };

    public override Message Words(WatchRecord record) =>
        Message.Of(Expected is FaultState.Broken ? "watching.rule.broken" : "watching.rule.fine");

    /// <summary>Judged by the last looks, however far apart they are; the window does not matter.</summary>
    public override Finding Judge(WatchEvidence evidence, TimeSpan window)
    {
        var timeline = evidence.Of(Signal);
        var count = timeline.CountAt(evidence.Now);
        if (count == 0 || evidence.Now.UtcTicks - timeline[count - 1].At > WatchRules.StaleAfter.Ticks)
        {
            return Finding.Unknown(NotAsked(timeline, evidence.Now));
        }

        var (broken, weight) = BrokenInARow(timeline, count);
        if (broken == 0 && timeline.SilencesAt(evidence.Now).Any())
        {
            // What was fine before the looks that had no answer may not be so any more.
            return Finding.Unknown(NotAsked(timeline, evidence.Now));
        }

        var what = broken == 0 ? null : timeline.DetailOf(count - 1);
        return Expected is FaultState.Fine ? FineIsBreach(broken, what) : BrokenIsBreach(broken, weight, what);
    }

    private static (int Looks, double Weight) BrokenInARow(Timeline timeline, int count)
    {
        var (looks, weight) = (0, 0.0);
        for (; looks < count && timeline[count - 1 - looks].Value < 1; looks++)
        {
            weight += timeline.WeightOf(count - 1 - looks) is var own && double.IsNaN(own) ? 1 : own;
        }

        return (looks, weight);
    }

    private Finding BrokenIsBreach(int broken, double weight, Message? what) =>
        broken == 0 ? Finding.Healthy(Fine(), 0)
        : weight >= BuiltInSignals.Confirmed ? Finding.Breached(Broken("watching.breached.fault", broken, what))
        : new Finding(
            VerdictState.Unknown,
            Broken("watching.unknown.unconfirmed", broken, what),
            weight / BuiltInSignals.Confirmed
        );

    private Finding FineIsBreach(int broken, Message? what) =>
        broken == 0 ? Finding.Breached(Fine()) : Finding.Healthy(Broken("watching.breached.fault", broken, what), 0);

    private Message NotAsked(Timeline timeline, DateTimeOffset now) =>
        timeline.SilencesAt(now).LastOrDefault()?.Detail is { } detail
            ? Message.Of("watching.unknown.blind", ("signal", Signal), ("detail", detail))
            : Message.Of("watching.unknown.not-asked", ("signal", Signal));

    private Message Fine() => Message.Of("watching.healthy.fault", ("signal", Signal));

    private Message Broken(string code, int count, Message? what) =>
        Message.Of(code, ("signal", Signal), ("what", what), ("count", count));
}

internal enum FaultState
{
    Fine,
    Broken,
}
