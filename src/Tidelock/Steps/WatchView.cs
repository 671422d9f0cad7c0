using System.Collections.Immutable;
using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Judges the watch from the run's journal. What was judged is kept between ticks; a restart, or a person's word on a breach, makes it anew
/// from the journal and comes to the same.
/// </summary>
internal sealed class WatchView(WatchOptions options)
{
    private ImmutableList<AskedBreach> accepted = [];
    private WatchRecord? record;
    private int seen;

    /// <summary>One look, with the samples of the tick that is about to be journaled.</summary>
    public WatchJudgement Judge(RunState state, IReadOnlyList<Sample> fresh, DateTimeOffset now)
    {
        if (record is null || !accepted.SequenceEqual(state.Accepted))
        {
            accepted = state.Accepted;
            record = new WatchRecord(
                options with
                {
                    RollBackWhen = [.. options.RollBackWhen.Where(c => !IsAccepted(c))],
                },
                state.BaselineTicks.SelectMany(t => t.Samples),
                state.Step("watch").StartedAt!.Value
            );
            seen = 0;
        }

        record.Add(state.Ticks.Skip(seen).SelectMany(t => t.Samples));
        record.Add(fresh);
        seen = state.Ticks.Count + 1;
        return WithAccepted(WatchJudge.Judge(record.At(now), Extended(state)), record.At(now));
    }

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
                .. options.RollBackWhen.Select(c => IsAccepted(c) ? c.JudgeRollBack(evidence) : others.Dequeue()),
            ],
        };
    }

    private static TimeSpan Extended(RunState state) =>
        state
            .Commands.Where(c => c.Verb == RunVerb.Extend)
            .Aggregate(TimeSpan.Zero, (sum, c) => sum + (DurationText.TryParse(c.Argument) ?? TimeSpan.Zero));
}
