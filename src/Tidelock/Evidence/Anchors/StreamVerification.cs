using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence.Anchors;

/// <summary>What is proven of a chain beside a run.</summary>
public static class StreamVerification
{
    /// <summary>In words; nothing of a chain that has no entry and of which nobody kept one.</summary>
    /// <param name="stream">Its name.</param>
    /// <param name="entries">All of it, in order.</param>
    /// <param name="anchors">What is written down of it elsewhere.</param>
    public static IReadOnlyList<(Message Message, bool Holds)> Of(
        string stream,
        IReadOnlyList<JournalEntry> entries,
        IReadOnlyList<Anchor> anchors
    )
    {
        var chain = ChainVerification.Of(entries);
        if (chain.Breaks.Count > 0)
        {
            return [.. chain.Messages.Select(m => (m, false))];
        }

        var findings = anchors.Select(a => AnchorFinding.Of(a, entries)).ToList();
        if (findings.Where(f => !f.Holds).ToList() is [_, ..] lost)
        {
            return
            [
                (Message.Of("evidence.stream.lost", ("stream", stream)), false),
                .. lost.Select(f => (f.Finding, false)),
            ];
        }

        return entries.Count == 0
            ? []
            :
            [
                (
                    Message.Of(
                        "evidence.stream.sound",
                        ("stream", stream),
                        ("entries", entries.Count),
                        ("anchored", findings.Max(f => (long?)f.Anchor.Sequence) ?? 0)
                    ),
                    true
                ),
            ];
    }
}
