using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>
/// A rule over signals, as written and as understood: <c>error_rate &gt; 1% for 5m</c>. Made by <see cref="CriterionParser"/> and
/// judged by pure code from timestamped samples, so that the same samples give the same verdict at any time and on any machine.
/// </summary>
public sealed record Criterion
{
    internal Criterion(string text, Condition condition, TimeSpan? @for)
    {
        Text = text;
        Condition = condition;
        For = @for;
    }

    /// <summary>As the author wrote it.</summary>
    public string Text { get; }

    /// <summary>The window it names; null for the default of <see cref="WatchRules.Window"/>.</summary>
    public TimeSpan? For { get; }

    /// <summary>The signals it needs, each once.</summary>
    public IEnumerable<string> Signals => Condition.Signals.Distinct(StringComparer.Ordinal);

    /// <summary>Those that are compared with what they were before the migration.</summary>
    public IEnumerable<string> BaselineSignals => Condition.BaselineSignals.Distinct(StringComparer.Ordinal);

    internal Condition Condition { get; }

    /// <summary>Under <c>rollBackWhen</c>: breached when what it says has come about.</summary>
    public Verdict JudgeRollBack(WatchEvidence evidence) => Judge(Condition, evidence);

    /// <summary>Under <c>healthy</c>: breached when what it says does not hold; judged by the same rule, of its opposite.</summary>
    public Verdict JudgeHealthy(WatchEvidence evidence) => Judge(Condition.Not(), evidence);

    private Verdict Judge(Condition condition, WatchEvidence evidence)
    {
        var finding = condition.Judge(evidence, WatchRules.Window(this, evidence.Options));
        if (finding.State is VerdictState.Healthy && evidence.SetBack is { } by)
        {
            finding = Finding.Unknown(Message.Of("watching.unknown.set-back", ("by", by)));
        }

        return new Verdict(Text, finding.State, finding.Reason, finding.Progress)
        {
            Past = condition is SignalCondition ? finding.Past : null,
        };
    }
}
