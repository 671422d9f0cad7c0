using System.Text.Json;
using Tidelock.Evidence.Anchors;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>
/// What the hash chain of a run proves: every entry stands where it was written, unchanged, and none between the first and the head
/// is missing. It cannot prove that nothing was cut off after the head, nor that the whole chain was not written anew: for that the
/// head has to be known from somewhere else (a notification, a report made earlier, a ticket).
/// </summary>
/// <param name="Stream">The run.</param>
/// <param name="Entries">How many entries were read.</param>
/// <param name="Head">Hash of the last entry; 64 zeros where there is none.</param>
/// <param name="Breaks">Every place where the chain does not hold; empty when it does.</param>
public sealed record ChainVerification(string Stream, long Entries, string Head, IReadOnlyList<Message> Breaks)
{
    public bool IsSound => Entries > 0 && Breaks.Count == 0;

    /// <summary>All of it in words: the breaks or the proof, then what was not proven.</summary>
    public IReadOnlyList<Message> Messages =>
        (Entries, Breaks.Count) switch
        {
            (0, _) => [Message.Of("evidence.chain.empty")],
            (_, 0) =>
            [
                Message.Of("evidence.chain.sound", ("entries", Entries), ("head", Head)),
                Message.Of("evidence.chain.limits"),
            ],
            _ => [Message.Of("evidence.chain.broken", ("breaks", Breaks.Count), ("stream", Stream)), .. Breaks],
        };

    /// <summary>The same, after it was held against what is written down elsewhere: what that adds, and what is still not proven.</summary>
    public IReadOnlyList<(Message Message, bool Holds)> With(IReadOnlyList<AnchorFinding> anchors) =>
        !IsSound || anchors.Count == 0
            ? [.. Messages.Select(m => (m, IsSound)), .. anchors.Select(a => (a.Finding, a.Holds))]
            :
            [
                (Messages[0], true),
                .. anchors.OrderBy(a => a.Anchor.Sequence).Select(a => (a.Finding, a.Holds)),
                (
                    Message.Of(
                        "evidence.anchor.limits",
                        ("sequence", anchors.Where(a => a.Holds).Max(a => (long?)a.Anchor.Sequence) ?? 0)
                    ),
                    true
                ),
            ];

    public static ChainVerification Of(IReadOnlyList<JournalEntry> entries)
    {
        var breaks = new List<Message>();
        JournalEntry? last = null;
        foreach (var entry in entries)
        {
            breaks.AddRange(BreaksAt(entry, last, entries[0].Stream));
            last = entry;
        }

        return new ChainVerification(
            last is null ? "" : entries[0].Stream,
            entries.Count,
            last?.Hash ?? JournalEntry.NoHash,
            breaks
        );
    }

    private static IEnumerable<Message> BreaksAt(JournalEntry entry, JournalEntry? last, string stream)
    {
        var at = entry.Sequence;
        var expected = (last?.Sequence ?? 0) + 1;
        if (!string.Equals(entry.Stream, stream, StringComparison.Ordinal))
        {
            yield return Message.Of("evidence.chain.foreign", ("sequence", at), ("stream", entry.Stream));
        }

        if (at > expected)
        {
            yield return Message.Of("evidence.chain.gap", ("from", expected), ("to", at - 1));
        }
        else if (at < expected)
        {
            yield return Message.Of("evidence.chain.reordered", ("sequence", at), ("previous", expected - 1));
        }

        if (!string.Equals(entry.PreviousHash, last?.Hash ?? JournalEntry.NoHash, StringComparison.Ordinal))
        {
            yield return Message.Of("evidence.chain.unlinked", ("sequence", at));
        }

        if (!entry.IsSound)
        {
            yield return Message.Of("evidence.chain.changed", ("sequence", at), ("kind", entry.Kind));
        }
        else if (!string.Equals(entry.Kind, KindInside(entry.Payload), StringComparison.Ordinal))
        {
            yield return Message.Of("evidence.chain.kind", ("sequence", at), ("kind", entry.Kind));
        }
    }

    /// <summary>The hash covers the payload and not the column beside it, so the two have to agree.</summary>
    private static string? KindInside(string payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload);
            return
                json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("kind", out var kind)
                && kind.ValueKind == JsonValueKind.String
                ? kind.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
