using System.Collections.Immutable;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Judges the watch from the run's journal. What was judged is kept between ticks; a restart, a person's word on a breach, or another bound
/// makes it anew from the journal and comes to the same.
/// </summary>
internal sealed class WatchView(WatchOptions options)
{
    private readonly WatchOptions declared = options;
    private ImmutableList<AskedBreach> accepted = [];
    private ImmutableList<BoundChanged> bounds = [];
    private WatchOptions live = options;
    private WatchRecord? record;
    private int seen;

    /// <summary>The changed bounds that the run was last told it is judged by; null for nothing told yet.</summary>
    public ImmutableList<BoundChanged>? Told { get; set; }

    /// <summary>One look, with the samples of the tick that is about to be journaled.</summary>
    public WatchJudgement Judge(RunState state, IReadOnlyList<Sample> fresh, DateTimeOffset now)
    {
        if (record is null || bounds != state.Bounds || !accepted.SequenceEqual(state.Accepted))
        {
            (accepted, bounds) = (state.Accepted, state.Bounds);
            live = BoundChanges.Live(declared, bounds);
            record = new WatchRecord(
                live with
                {
                    RollBackWhen = [.. live.RollBackWhen.Where(c => !IsAccepted(c))],
                },
                state.BaselineTicks.SelectMany(t => t.Samples),
                state.Step("watch").StartedAt!.Value,
                state.AppliedAt
            );
            seen = 0;
        }

        record.Add(state.Ticks.Skip(seen).SelectMany(t => t.Samples));
        record.Add(fresh);
        seen = state.Ticks.Count + 1;
        return WithAccepted(WatchJudge.Judge(record.At(now), state.ExtendedBy), record.At(now));
    }

    /// <summary>How it judges now, for whoever looks on.</summary>
    public WatchedRules Rules(RunState state) =>
        WatchedRules.Of(
            new WatchRecord(
                BoundChanges.Live(declared, state.Bounds),
                state.BaselineTicks.SelectMany(t => t.Samples),
                state.StartedAt
            )
        );

    private bool IsAccepted(Criterion criterion) =>
        accepted.Exists(a => string.Equals(a.Criterion, criterion.Text, StringComparison.Ordinal));

    /// <summary>What a person lives with is judged and shown all the same, and may get worse; it only decides nothing by itself.</summary>
    private WatchJudgement WithAccepted(WatchJudgement judgement, WatchEvidence evidence)
    {
        var others = new Queue<Verdict>(judgement.RollBackWhen);
        return judgement with
        {
            RollBackWhen =
            [
                .. live.RollBackWhen.Select(c => IsAccepted(c) ? c.JudgeRollBack(evidence) : others.Dequeue()),
            ],
        };
    }
}
