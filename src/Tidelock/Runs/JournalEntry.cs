using System.Security.Cryptography;
using System.Text;

namespace Tidelock.Runs;

/// <summary>
/// One stored event. The hash covers the stored bytes of the payload and the hash before it, so that a changed, lost or reordered
/// event is found.
/// </summary>
/// <param name="Stream">The run's id, or <c>DIGEST@ENVIRONMENT</c> for what belongs to a change and not to a run.</param>
/// <param name="Sequence">From 1, without gaps.</param>
/// <param name="EventId">Made by the writer: a lost answer is read again by it and not taken for a conflict.</param>
/// <param name="Kind">The event's kind, also inside the payload.</param>
/// <param name="Payload">JSON text, its time inside.</param>
/// <param name="PreviousHash">Hash of the entry before; 64 zeros for the first.</param>
/// <param name="Hash">SHA-256 in hex of previous hash, stream, sequence and payload.</param>
public sealed record JournalEntry(
    string Stream,
    long Sequence,
    string EventId,
    string Kind,
    string Payload,
    string PreviousHash,
    string Hash
)
{
    public static string NoHash { get; } = new('0', 64);

    public static JournalEntry Next(string stream, JournalEntry? last, string eventId, string kind, string payload)
    {
        var sequence = (last?.Sequence ?? 0) + 1;
        var previous = last?.Hash ?? NoHash;
        return new JournalEntry(
            stream,
            sequence,
            eventId,
            kind,
            payload,
            previous,
            HashOf(previous, stream, sequence, payload)
        );
    }

    /// <summary>Whether the hash is that of the content.</summary>
    public bool IsSound =>
        string.Equals(Hash, HashOf(PreviousHash, Stream, Sequence, Payload), StringComparison.Ordinal);

    private static string HashOf(string previous, string stream, long sequence, string payload) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(FormattableString.Invariant($"{previous}\n{stream}\n{sequence}\n{payload}"))
            )
        );
}
