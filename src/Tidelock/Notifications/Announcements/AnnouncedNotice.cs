using System.Collections.Immutable;
using Tidelock.Runs;

namespace Tidelock.Notifications.Announcements;

/// <summary>The announcement that a run, or another announcement, goes on with: its messages are edited instead of others being sent.</summary>
internal static class AnnouncedNotice
{
    /// <summary>The last announcement of a digest in an environment; null where there is none, and where a run has taken it.</summary>
    /// <param name="except">The run that asks; null for none.</param>
    public static async Task<Announcement?> FindAsync(
        IJournal journal,
        string digest,
        string environment,
        RunId? except,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<Word> words;
        try
        {
            words = await new WordBook(journal, digest, environment).ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (StreamBrokenException)
        {
            // What was announced cannot be relied on: a message of its own is sent, and the gate says why.
            return null;
        }

        if (words.LastOrDefault(w => w.Kind is WordKind.Announced) is not { } word)
        {
            return null;
        }

        var runs = await journal.ListAsync(cancellation).ConfigureAwait(false);
        var isTaken = runs.Any(h =>
            h.Run != except
            && RunEvents.Parse(h.First) is RunStarted started
            && started.At >= word.At
            && string.Equals(started.Digest, digest, StringComparison.Ordinal)
            && string.Equals(started.TargetEnvironment, environment, StringComparison.Ordinal)
        );
        return isTaken ? null : Announcement.Of(word);
    }

    /// <summary>What a channel finds its message of the announcement by; empty for none.</summary>
    public static ImmutableSortedDictionary<string, string> Of(Announcement? announcement, string channel) =>
        NoticeStanding.Of(
            announcement?.Channels.GetValueOrDefault(channel)
                ?? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal)
        );
}
