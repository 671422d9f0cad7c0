using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>How one watch judges, for whoever looks on: the bounds as figures, now that the baseline is known. A fact of the watch's step.</summary>
/// <param name="Signals">What is read.</param>
/// <param name="Rules">By what it is judged: first what takes the change back, then what must hold.</param>
public sealed record WatchedRules(IReadOnlyList<WatchedSignal> Signals, IReadOnlyList<WatchedRule> Rules)
{
    internal static WatchedRules Of(WatchRecord record) =>
        new(
            [
                .. record.Options.Probes.Select(p => new WatchedSignal(
                    p.Signal,
                    p.Unit,
                    record.BaselineOf(p.Signal) is { Count: > 0 } baseline ? baseline : null
                )
                {
                    Delay = p.Delay > TimeSpan.Zero ? p.Delay : null,
                }),
            ],
            [
                .. record.Options.RollBackWhen.Select(c => WatchedRule.Of(c, true, record)),
                .. record.Options.Healthy.Select(c => WatchedRule.Of(c, false, record)),
            ]
        );
}

/// <summary>A signal.</summary>
/// <param name="Signal">Its name.</param>
/// <param name="Unit">What it is measured in.</param>
/// <param name="Baseline">What it was before the migration; null where nobody knows.</param>
public sealed record WatchedSignal(string Signal, SignalUnit Unit, Baseline? Baseline)
{
    /// <summary>How late its values come, declared or measured; null for not at all, and in a journal from when it was not written down.</summary>
    public TimeSpan? Delay { get; init; }
}

/// <summary>A criterion.</summary>
/// <param name="Criterion">Its text.</param>
/// <param name="RollsBack">Whether it takes the change back; else it must hold for the watch to end well.</param>
/// <param name="Signals">What it needs.</param>
/// <param name="Words">What takes the change back, or what must hold: "above 424 ms (2x baseline 212 ms)".</param>
public sealed record WatchedRule(string Criterion, bool RollsBack, IReadOnlyList<string> Signals, Message Words)
{
    internal static WatchedRule Of(Criterion criterion, bool rollsBack, WatchRecord record)
    {
        var window = WatchRules.Window(criterion, record.Options);
        IReadOnlyList<string> signals = [.. criterion.Signals];
        var code = (rollsBack, criterion.Condition, signals.Count) switch
        {
            (false, _, _) => "watching.rule.must-hold",
            (true, FaultCondition, _) => "watching.rule.rolls-back-on-fault",
            (true, _, 1) => "watching.rule.rolls-back",
            (true, _, _) => "watching.rule.rolls-back-when",
        };
        var words = Message.Of(code, ("rule", criterion.Condition.Words(record)), ("window", window));
        return new WatchedRule(criterion.Text, rollsBack, signals, words);
    }
}
