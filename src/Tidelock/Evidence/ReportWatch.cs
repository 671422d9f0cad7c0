using Tidelock.Runs;

namespace Tidelock.Evidence;

/// <summary>What was watched: every signal, every criterion, and since when.</summary>
/// <param name="From">The first tick, of the baseline where there is one.</param>
/// <param name="To">The last tick.</param>
/// <param name="Ticks">How many since the watch began; where it never did, since the change was made.</param>
/// <param name="BaselineTicks">How many were taken before the migration.</param>
/// <param name="Signals">In the order in which they first appeared.</param>
/// <param name="Criteria">In the order in which they were judged.</param>
/// <param name="Marks">What happened meanwhile.</param>
public sealed record ReportWatch(
    DateTimeOffset From,
    DateTimeOffset To,
    int Ticks,
    int BaselineTicks,
    IReadOnlyList<ReportSignal> Signals,
    IReadOnlyList<ReportCriterion> Criteria,
    IReadOnlyList<WatchMark> Marks
)
{
    /// <summary>Whether it watched by no criterion at all.</summary>
    public bool IsUnjudged { get; init; }

    internal static ReportWatch? Of(IReadOnlyList<RunEvent> events)
    {
        var ticks = events.OfType<WatchTicked>().ToList();
        if (ticks.Count == 0)
        {
            return null;
        }

        var began = events.FirstOrDefault(e => e is StepStarted { Step: "watch" })?.At;
        var (from, to) = (ticks.Min(t => t.At), ticks.Max(t => t.At));
        var criteria = ReportCriterion.All(ticks);
        return new ReportWatch(
            from,
            to,
            ticks.Count(t => !t.Baseline && !(t.At < began)),
            ticks.Count(t => t.Baseline),
            ReportSignal.All(ticks, criteria, from, to),
            criteria,
            [.. events.Select(MarkOf).OfType<WatchMark>().Where(m => m.At >= from && m.At <= to)]
        )
        {
            IsUnjudged = RunState.Of(events.OfType<FactRecorded>()).Rules is { Rules.Count: 0 },
        };
    }

    private static WatchMark? MarkOf(RunEvent e) =>
        e switch
        {
            MigrationApplied => new WatchMark(e.At, DecisionKind.Applied),
            RunHeld => new WatchMark(e.At, DecisionKind.Held),
            RunContinued => new WatchMark(e.At, DecisionKind.Continued),
            BoundChanged { Standing: BoundStanding.Applied } => new WatchMark(e.At, DecisionKind.BoundChanged),
            RollbackStarted => new WatchMark(e.At, DecisionKind.RollbackStarted),
            MigrationReverted => new WatchMark(e.At, DecisionKind.Reverted),
            _ => null,
        };
}

/// <summary>Something that happened while signals were read; drawn into every plot.</summary>
public sealed record WatchMark(DateTimeOffset At, DecisionKind Kind);
