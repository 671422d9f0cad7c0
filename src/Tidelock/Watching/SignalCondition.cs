using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>A condition on the values of one signal over a window.</summary>
internal abstract record SignalCondition(string Signal, SignalUnit Unit) : Condition
{
    public override IEnumerable<string> Signals => [Signal];

    public override IEnumerable<string> BaselineSignals => NeedsBaseline ? [Signal] : [];

    public override IEnumerable<string> Shares => Unit is SignalUnit.Ratio ? [Signal] : [];

    protected abstract bool NeedsBaseline { get; }

    public override Finding Judge(WatchEvidence evidence, TimeSpan window)
    {
        var baseline = evidence.BaselineOf(Signal);
        if (NeedsBaseline && !baseline.IsUsable)
        {
            return Finding.Unknown(NoBaseline(baseline));
        }

        var timeline = evidence.Of(Signal);
        var history = evidence.HistoryOf(this, window, () => new BreachRule(timeline, LimitsFor(baseline), window));
        var count = timeline.CountAt(evidence.Now);
        return count == 0
            ? Finding.Unknown(NoValue(timeline, evidence.Now))
            : Judge(evidence, timeline, history, count - 1);
    }

    /// <summary>Whether whatever is past the other's bound is past this one too, as far as the baseline tells where the bounds are.</summary>
    public bool Covers(SignalCondition other, Baseline baseline) =>
        string.Equals(Signal, other.Signal, StringComparison.Ordinal)
        && Unit == other.Unit
        && (baseline.IsUsable || !(NeedsBaseline || other.NeedsBaseline))
        && LimitsFor(baseline).Cover(other.LimitsFor(baseline));

    public override Message Words(WatchRecord record) =>
        record.BaselineOf(Signal) is var baseline && (baseline.IsUsable || !NeedsBaseline)
            ? Words(baseline)
            : Message.Of("watching.rule.no-baseline");

    protected abstract Message Words(Baseline baseline);

    protected abstract Limits LimitsFor(Baseline baseline);

    /// <summary>
    /// A breach begins and ends with values only: while none comes in nothing can turn into one, and when too little of the window
    /// was seen nothing is known.
    /// </summary>
    private Finding Judge(WatchEvidence evidence, Timeline timeline, BreachHistory history, int last)
    {
        var words = new BreachWords(Signal, Unit, timeline, history.Rule);
        var breached = history.LastsAfter(last + 1);
        var (newest, oldest) = (timeline[last].At, evidence.Now.UtcTicks - timeline.Pace.Oldest.Ticks);
        if (breached && newest >= oldest)
        {
            return Finding.Breached(Aged(words.Breached(last), evidence, timeline, newest)) with
            {
                Past = words.Past(last),
            };
        }

        if (words.Gap(Math.Max(newest, oldest), evidence.StartedAt, evidence.Now) is { } gap)
        {
            return Finding.Unknown(gap);
        }

        var finding =
            breached ? Finding.Breached(Aged(words.Breached(last), evidence, timeline, newest))
            : words.TooEarly(last) is { } tooEarly
                ? new Finding(VerdictState.Unknown, Aged(tooEarly, evidence, timeline, newest), words.Progress(last))
            : Finding.Healthy(Aged(words.Healthy(last), evidence, timeline, newest), words.Progress(last));
        return finding with { Past = words.Past(last) };
    }

    /// <summary>Says how old the newest value is where the source is known to be late.</summary>
    private static Message Aged(Message reason, WatchEvidence evidence, Timeline timeline, long newest)
    {
        var age = TimeSpan.FromTicks(evidence.Now.UtcTicks - newest);
        return timeline.Pace.Delay > TimeSpan.Zero && age > timeline.Pace.Reach
            ? Message.Of("watching.late", ("finding", reason), ("age", age))
            : reason;
    }

    private Message NoValue(Timeline timeline, DateTimeOffset now) =>
        timeline.SilencesAt(now).LastOrDefault()?.Detail is { } detail
            ? Message.Of("watching.unknown.blind", ("signal", Signal), ("detail", detail))
            : Message.Of("watching.unknown.no-samples", ("signal", Signal));

    private Message NoBaseline(Baseline baseline) =>
        baseline.Count < WatchRules.MinimumSamples
            ? Message.Of("watching.unknown.no-baseline", ("signal", Signal), ("count", baseline.Count))
            : Message.Of("watching.unknown.zero-baseline", ("signal", Signal));
}
