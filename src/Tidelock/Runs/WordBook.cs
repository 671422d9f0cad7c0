using System.Text.Json;

namespace Tidelock.Runs;

/// <summary>The words people gave about one digest in one environment: read and added to, never changed.</summary>
public sealed class WordBook(IJournal journal, string digest, string environment)
{
    private const int Tries = 200;
    private const int LongestPauseMilliseconds = 100;

    private string Stream => $"{digest}@{environment}";

    /// <summary>All words, oldest first.</summary>
    public async Task<IReadOnlyList<Word>> ReadAsync(CancellationToken cancellation)
    {
        var words = new List<Word>();
        await foreach (var entry in journal.ReadAsync(Stream, 0, cancellation).ConfigureAwait(false))
        {
            words.Add(JsonSerializer.Deserialize(entry.Payload, RunJson.Readable.Word)!);
        }

        return words;
    }

    /// <summary>
    /// Adds a word; somebody else adding one at the same moment only means another try, after a pause that grows and differs
    /// between writers, so that the slowest of many is not overtaken each time.
    /// </summary>
    /// <exception cref="JournalUnwritableException">It could not be stored.</exception>
    public async Task AddAsync(Word word, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        for (var tries = 0; tries < Tries; tries++)
        {
            var last = await LastAsync(cancellation).ConfigureAwait(false);
            var entry = JournalEntry.Next(
                Stream,
                last,
                id,
                word.Kind.ToString(),
                JsonSerializer.Serialize(word, RunJson.Readable.Word)
            );
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

    private async Task<JournalEntry?> LastAsync(CancellationToken cancellation)
    {
        JournalEntry? last = null;
        await foreach (var entry in journal.ReadAsync(Stream, 0, cancellation).ConfigureAwait(false))
        {
            last = entry;
        }

        return last;
    }
}
