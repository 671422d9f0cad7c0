using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>A gate as it counted.</summary>
/// <param name="Gate">Its name.</param>
/// <param name="Level"><c>required</c> or <c>recommended</c>.</param>
/// <param name="Standing">How it stood; overridden once is overridden for ever.</param>
/// <param name="Finding">What was found, or who said so.</param>
/// <param name="By">The person who confirmed or overrode it.</param>
/// <param name="At">When.</param>
public sealed record ReportGate(
    string Gate,
    string Level,
    GateStanding Standing,
    Message Finding,
    string? By,
    DateTimeOffset At
)
{
    internal static IReadOnlyList<ReportGate> All(IEnumerable<RunEvent> events) =>
        [
            .. events
                .OfType<GateEvaluated>()
                .GroupBy(g => g.Gate, StringComparer.Ordinal)
                .Select(g => Of(g.LastOrDefault(e => e.Overridden) ?? g.Last())),
        ];

    private static ReportGate Of(GateEvaluated gate) =>
        new(gate.Gate, gate.Level, StandingOf(gate), gate.Finding, gate.By, gate.At);

    private static GateStanding StandingOf(GateEvaluated gate) =>
        gate switch
        {
            { Overridden: true } => GateStanding.Overridden,
            { Passed: false } => GateStanding.NotPassed,
            { By: null } => GateStanding.Passed,
            _ => GateStanding.Confirmed,
        };
}

public enum GateStanding
{
    /// <summary>The machine checked it.</summary>
    Passed,

    /// <summary>A person vouches for it.</summary>
    Confirmed,
    NotPassed,

    /// <summary>A person went on without it.</summary>
    Overridden,
}
