using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence.Anchors;

/// <summary>What an anchor says about the journal as it is now.</summary>
/// <param name="Anchor">The anchor.</param>
/// <param name="Holds">Whether the journal is still the one it was taken from, up to there.</param>
/// <param name="Finding">In words.</param>
public sealed record AnchorFinding(Anchor Anchor, bool Holds, Message Finding)
{
    /// <param name="entries">All entries of the run, in order.</param>
    public static AnchorFinding Of(Anchor anchor, IReadOnlyList<JournalEntry> entries)
    {
        var at = entries.FirstOrDefault(e => e.Sequence == anchor.Sequence);
        var holds = at is not null && string.Equals(at.Hash, anchor.Hash, StringComparison.Ordinal);
        var last = entries.Count > 0 ? entries[^1].Sequence : 0;
        return new AnchorFinding(
            anchor,
            holds,
            holds
                ? Message.Of("evidence.anchor.holds", ("sequence", anchor.Sequence), ("after", last - anchor.Sequence))
                : Message.Of(
                    anchor.Sequence > last ? "evidence.anchor.cut-off" : "evidence.anchor.rewritten",
                    ("sequence", anchor.Sequence),
                    ("last", last),
                    ("hash", anchor.Hash),
                    ("found", at?.Hash)
                )
        );
    }
}
