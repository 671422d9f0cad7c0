using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>A session that stood in the way, and was acted against.</summary>
/// <param name="At">When.</param>
/// <param name="Step">In which step.</param>
/// <param name="Act">What was done to it.</param>
/// <param name="ProcessId">Its backend.</param>
/// <param name="Why">Who it was and why, as it was written down before.</param>
/// <param name="Outcome">What came of it; null where nobody saw.</param>
public sealed record ReportBlocker(
    DateTimeOffset At,
    string Step,
    string Act,
    int ProcessId,
    Message Why,
    Message? Outcome
)
{
    internal static IReadOnlyList<ReportBlocker> All(IEnumerable<RunEvent> events)
    {
        var blockers = new List<(DateTimeOffset Backend, ReportBlocker Row)>();
        foreach (var deed in events.OfType<BlockerActed>())
        {
            var open = blockers.FindLastIndex(b => b.Row.Outcome is null && IsOf(b, deed));
            if (deed.IsDone && open >= 0)
            {
                blockers[open] = blockers[open] with { Row = blockers[open].Row with { Outcome = deed.Finding } };
            }
            else
            {
                blockers.Add(
                    (
                        deed.BackendStart,
                        new(
                            deed.At,
                            deed.Step,
                            deed.Act,
                            deed.ProcessId,
                            deed.Finding,
                            deed.IsDone ? deed.Finding : null
                        )
                    )
                );
            }
        }

        return [.. blockers.Select(b => b.Row)];
    }

    private static bool IsOf((DateTimeOffset Backend, ReportBlocker Row) blocker, BlockerActed deed) =>
        blocker.Backend == deed.BackendStart
        && blocker.Row.ProcessId == deed.ProcessId
        && string.Equals(blocker.Row.Step, deed.Step, StringComparison.Ordinal)
        && string.Equals(blocker.Row.Act, deed.Act, StringComparison.Ordinal);
}
