using Tidelock.Evidence.Soaking;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>What was seen of the change after the run was declared complete.</summary>
/// <param name="Standing">For how long, and what was wrong or not looked at.</param>
/// <param name="Last">The last look.</param>
/// <param name="Unseen">How many looks could not see.</param>
/// <param name="Gap">How far looks may be apart, as the change said at the last one.</param>
public sealed record ReportSoak(SoakStanding Standing, DateTimeOffset Last, int Unseen, TimeSpan Gap)
{
    /// <summary>Null where the run was not completed, and where nobody looked since.</summary>
    public static ReportSoak? Of(RunReport report, IEnumerable<SoakLook> looks, DateTimeOffset now)
    {
        var own = looks.Where(l => string.Equals(l.Run, report.Run, StringComparison.Ordinal)).ToList();
        var gap = own.Count == 0 ? SoakStanding.UsualGap : own[^1].Gap ?? SoakStanding.UsualGap;
        return own.Count == 0 || report.Header?.EndedAt is not { } ended
            ? null
            : new ReportSoak(
                SoakStanding.Of(
                    SoakStanding.SeenFrom(
                        report.Outcome.AppliedAt,
                        ended,
                        report.Watch?.Criteria.Any(c => c.Breached > 0) == true
                    ),
                    ended,
                    own,
                    gap,
                    now
                ),
                own[^1].At,
                own.Count(l => l.Unseen.Count > 0),
                gap
            );
    }

    /// <summary>All of it in words.</summary>
    public IReadOnlyList<Message> Messages =>
        [
            Message.Of(
                "evidence.soak.seen",
                ("longest", Standing.Longest.Lasted),
                ("from", Standing.Longest.From),
                ("to", Standing.Longest.To),
                ("looks", Standing.Looks),
                ("last", Last),
                ("gap", Gap)
            ),
            .. Standing.Breach is { } breach
                ? [Message.Of("evidence.soak.breach", ("at", breach.At), ("finding", breach.Finding))]
                : Array.Empty<Message>(),
            .. Standing.Gap is { } gap
                ? [Message.Of("evidence.soak.gap", ("from", gap.From), ("to", gap.To))]
                : Array.Empty<Message>(),
            .. Unseen > 0 ? [Message.Of("evidence.soak.unseen", ("count", Unseen))] : Array.Empty<Message>(),
        ];
}
