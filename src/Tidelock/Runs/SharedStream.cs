using System.Runtime.CompilerServices;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>A stream of the journal that belongs to no run, so that several programs may add to it at once: read and added to, never changed.</summary>
/// <param name="journal">The journal.</param>
/// <param name="name">Has an <c>@</c> in it, which no run's id has.</param>
internal sealed class SharedStream(IJournal journal, string name)
{
    private const int Tries = 200;
    private const int LongestPauseMilliseconds = 100;

    /// <summary>All entries, oldest first, after each was held against the one before it.</summary>
    /// <exception cref="StreamBrokenException">One was changed, lost or put in.</exception>
    public async IAsyncEnumerable<JournalEntry> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        JournalEntry? last = null;
        await foreach (var entry in journal.ReadAsync(name, 0, cancellation).ConfigureAwait(false))
        {
            if (
                !entry.IsSound
                || entry.Sequence != (last?.Sequence ?? 0) + 1
                || !string.Equals(entry.PreviousHash, last?.Hash ?? JournalEntry.NoHash, StringComparison.Ordinal)
            )
            {
                throw new StreamBrokenException(
                    Message.Of(
                        "runs.stream-broken",
                        ("stream", name),
                        ("sequence", entry.Sequence),
                        ("journal", journal.Location)
                    )
                );
            }

            yield return last = entry;
        }
    }

    /// <summary>
    /// Adds an entry; somebody else adding one at the same moment only means another try, after a pause that grows and differs
    /// between writers, so that the slowest of many is not overtaken each time.
    /// </summary>
    /// <exception cref="JournalUnwritableException">It could not be stored.</exception>
    public async Task AddAsync(string kind, string payload, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        for (var tries = 0; tries < Tries; tries++)
        {
            var last = await LastAsync(cancellation).ConfigureAwait(false);
            var entry = JournalEntry.Next(name, last, id, kind, payload);
            if (await journal.AppendAsync(entry, null, cancellation).ConfigureAwait(false) == AppendResult.Stored)
            {
                return;
            }

            var longest = Math.Min(LongestPauseMilliseconds, 4 * (tries + 1));
            var pause = TimeSpan.FromMilliseconds(Random.Shared.Next(longest));
            await Task.Delay(pause, TimeProvider.System, cancellation).ConfigureAwait(false);
        }

        throw new JournalUnwritableException(
            journal.Location,
            FormattableString.Invariant($"{Tries} tries met other writers")
        );
    }

    /// <summary>The newest entry; null for none.</summary>
    public async Task<JournalEntry?> LastAsync(CancellationToken cancellation)
    {
        JournalEntry? last = null;
        await foreach (var entry in ReadAsync(cancellation).ConfigureAwait(false))
        {
            last = entry;
        }

        return last;
    }
}
