using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>How people were told of the run over one channel.</summary>
/// <param name="Channel">Which.</param>
/// <param name="Upto">The newest event it has told of; 0 for none.</param>
/// <param name="Sent">How many notices got through; one that is edited counts each time.</param>
/// <param name="SentAt">When the last of them did.</param>
/// <param name="Failed">How many did not.</param>
/// <param name="Problem">Why the last try failed; null where it did not.</param>
/// <param name="Identifiers">What the channel finds its message by.</param>
public sealed record ReportNotice(
    string Channel,
    long Upto,
    int Sent,
    DateTimeOffset? SentAt,
    int Failed,
    Message? Problem,
    IReadOnlyDictionary<string, string> Identifiers
)
{
    internal static IReadOnlyList<ReportNotice> All(RunState state, IReadOnlyList<RunEvent> events) =>
        [
            .. state.Notices.Values.Select(n => new ReportNotice(
                n.Channel,
                n.Upto,
                events.OfType<NoticeSent>().Count(s => Is(s.Channel, n)),
                n.SentAt,
                events.OfType<NoticeFailed>().Count(f => Is(f.Channel, n)),
                n.Problem,
                n.Identifiers
            )),
        ];

    private static bool Is(string channel, NoticeStanding standing) =>
        string.Equals(channel, standing.Channel, StringComparison.Ordinal);
}
