using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Evidence;

/// <summary>A criterion over the whole watch.</summary>
/// <param name="Criterion">As its author wrote it.</param>
/// <param name="Last">Its last verdict.</param>
/// <param name="LastReason">In words, with the numbers.</param>
/// <param name="Nearest">How near it ever came to acting, 0 to 1.</param>
/// <param name="NearestAt">When.</param>
/// <param name="Healthy">How many ticks said so.</param>
/// <param name="Breached">How many ticks said so.</param>
/// <param name="Unknown">How many ticks could not say.</param>
/// <param name="FirstBreach">The first breached verdict, in words.</param>
/// <param name="FirstBreachAt">When that was.</param>
public sealed record ReportCriterion(
    string Criterion,
    VerdictState Last,
    Message LastReason,
    double Nearest,
    DateTimeOffset NearestAt,
    int Healthy,
    int Breached,
    int Unknown,
    Message? FirstBreach,
    DateTimeOffset? FirstBreachAt
)
{
    internal static IReadOnlyList<ReportCriterion> All(IEnumerable<WatchTicked> ticks) =>
        [
            .. ticks
                .Where(t => !t.Baseline)
                .SelectMany(t => t.Verdicts.Select(v => (t.At, Verdict: v)))
                .GroupBy(v => v.Verdict.Criterion, StringComparer.Ordinal)
                .Select(g => Of(g.Key, [.. g])),
        ];

    private static ReportCriterion Of(string criterion, IReadOnlyList<(DateTimeOffset At, Verdict Verdict)> verdicts)
    {
        var last = verdicts[^1].Verdict;
        var nearest = verdicts.MaxBy(v => v.Verdict.Progress);
        var breach = verdicts.FirstOrDefault(v => v.Verdict.State is VerdictState.Breached);
        int Count(VerdictState state) => verdicts.Count(v => v.Verdict.State == state);
        return new ReportCriterion(
            criterion,
            last.State,
            last.Reason,
            nearest.Verdict.Progress,
            nearest.At,
            Count(VerdictState.Healthy),
            Count(VerdictState.Breached),
            Count(VerdictState.Unknown),
            breach.Verdict?.Reason,
            breach.Verdict is null ? null : breach.At
        );
    }
}
