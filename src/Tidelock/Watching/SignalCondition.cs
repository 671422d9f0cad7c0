using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>A condition on the values of one signal over a window.</summary>
internal abstract record SignalCondition(string Signal, SignalUnit Unit) : Condition
{
    public override IEnumerable<string> Signals => [Signal];

    protected abstract bool NeedsBaseline { get; }

    public override Finding Judge(WatchEvidence evidence, TimeSpan window)
    {
        var baseline = evidence.BaselineOf(Signal);
        if (NeedsBaseline && !baseline.IsUsable)
        {
            return Finding.Unknown(NoBaseline(baseline));
        }

        var rule = new BreachRule(evidence, Signal, LimitsFor(baseline), window);
        return rule.Judge(v => Quantity.Text(v, Unit));
    }

    protected abstract Limits LimitsFor(Baseline baseline);

    private Message NoBaseline(Baseline baseline) =>
        baseline.Count < WatchRules.MinimumSamples
            ? Message.Of("watching.unknown.no-baseline", ("signal", Signal), ("count", baseline.Count))
            : Message.Of("watching.unknown.zero-baseline", ("signal", Signal));
}
