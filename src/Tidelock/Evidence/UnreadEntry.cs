using System.Text.Json;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>An entry that this version could not understand; the report goes on without it and says so.</summary>
/// <param name="Sequence">Where it stands.</param>
/// <param name="Kind">What it calls itself.</param>
/// <param name="Reason">Why it was not understood.</param>
public sealed record UnreadEntry(long Sequence, string Kind, Message Reason)
{
    internal static (RunEvent? Event, Message? Reason) TryRead(JournalEntry entry)
    {
        try
        {
            return (RunEvents.Parse(entry), null);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return (null, Message.Of("evidence.unread.payload", ("reason", e.Message)));
        }
    }
}
