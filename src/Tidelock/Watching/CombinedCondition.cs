using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Both: <c>p95 &gt; 2x baseline and p95 &gt; 200ms</c>. As near to acting as the part that is farther away.</summary>
internal sealed record BothConditions(Condition Left, Condition Right) : Condition
{
    public override IEnumerable<string> Signals => Left.Signals.Concat(Right.Signals);

    public override IEnumerable<string> BaselineSignals => Left.BaselineSignals.Concat(Right.BaselineSignals);

    public override IEnumerable<string> Shares => Left.Shares.Concat(Right.Shares);

    public override Finding Judge(WatchEvidence evidence, TimeSpan window)
    {
        Finding[] parts = [Left.Judge(evidence, window), Right.Judge(evidence, window)];
        return parts.Where(p => p.State is VerdictState.Healthy).MinBy(p => p.Progress)
            ?? parts.FirstOrDefault(p => p.State is VerdictState.Unknown)
            ?? parts[0];
    }

    public override Condition Not() => new EitherCondition(Left.Not(), Right.Not());

    public override Message Words(WatchRecord record) =>
        Message.Of("watching.rule.both", ("left", Named(Left, record)), ("right", Named(Right, record)));
}

/// <summary>At least one: <c>error_rate &gt; 5% or p95 &gt; 2s</c>. As near to acting as the part that is nearer.</summary>
internal sealed record EitherCondition(Condition Left, Condition Right) : Condition
{
    public override IEnumerable<string> Signals => Left.Signals.Concat(Right.Signals);

    public override IEnumerable<string> BaselineSignals => Left.BaselineSignals.Concat(Right.BaselineSignals);

    public override IEnumerable<string> Shares => Left.Shares.Concat(Right.Shares);

    public override Finding Judge(WatchEvidence evidence, TimeSpan window)
    {
        Finding[] parts = [Left.Judge(evidence, window), Right.Judge(evidence, window)];
        return parts.FirstOrDefault(p => p.State is VerdictState.Breached)
            ?? parts.FirstOrDefault(p => p.State is VerdictState.Unknown)
            ?? parts.MaxBy(p => p.Progress)!;
    }

    public override Condition Not() => new BothConditions(Left.Not(), Right.Not());

    public override Message Words(WatchRecord record) =>
        Message.Of("watching.rule.either", ("left", Named(Left, record)), ("right", Named(Right, record)));
}
