using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary><c>downstream fails</c>, <c>contract broken</c>, and their opposites.</summary>
internal sealed record FaultCondition(string Signal, FaultState Expected) : Condition
{
    public override IEnumerable<string> Signals => [Signal];

    public override Condition Not() =>
        this with
        {
            Expected = Expected is FaultState.Broken ? FaultState.Fine : FaultState.Broken,
        };

    /// <summary>Judged by the last looks, however far apart they are; the window does not matter.</summary>
    public override Finding Judge(WatchEvidence evidence, TimeSpan window)
    {
        var timeline = evidence.Of(Signal);
        if (timeline.Values.Count == 0 || evidence.Now - timeline.Values[^1].At > WatchRules.StaleAfter)
        {
            return Finding.Unknown(Message.Of("watching.unknown.not-asked", ("signal", Signal)));
        }

        var broken = timeline.Values.Reverse().TakeWhile(v => v.Value < 1).ToList();
        return Expected is FaultState.Fine ? FineIsBreach(broken) : BrokenIsBreach(broken);
    }

    private Finding BrokenIsBreach(List<Sample> broken)
    {
        var looks = broken.Sum(b => b.Weight ?? 1);
        return broken.Count == 0 ? Finding.Healthy(Message.Of("watching.healthy.fault", ("signal", Signal)), 0)
            : looks >= BuiltInSignals.Confirmed ? Finding.Breached(Broken("watching.breached.fault", broken))
            : new Finding(
                VerdictState.Unknown,
                Broken("watching.unknown.unconfirmed", broken),
                looks / BuiltInSignals.Confirmed
            );
    }

    private Finding FineIsBreach(List<Sample> broken) =>
        broken.Count == 0
            ? Finding.Breached(Message.Of("watching.healthy.fault", ("signal", Signal)))
            : Finding.Healthy(Broken("watching.breached.fault", broken), 0);

    private Message Broken(string code, List<Sample> broken) =>
        Message.Of(code, ("signal", Signal), ("what", broken[0].Detail), ("count", broken.Count));
}

internal enum FaultState
{
    Fine,
    Broken,
}
