namespace Tidelock.Runs;

/// <summary>Reads runs from a journal.</summary>
public static class RunReader
{
    /// <summary>More than the channels of a change write after its end.</summary>
    private const int Newest = 16;

    /// <summary>All entries of a run in order.</summary>
    public static Task<IReadOnlyList<JournalEntry>> EntriesAsync(
        IJournal journal,
        RunId run,
        CancellationToken cancellation
    ) => EntriesAsync(journal, run.Value, cancellation);

    /// <summary>All entries of any stream in order, as they stand there: nothing of them is verified.</summary>
    public static async Task<IReadOnlyList<JournalEntry>> EntriesAsync(
        IJournal journal,
        string stream,
        CancellationToken cancellation
    )
    {
        var entries = new List<JournalEntry>();
        await foreach (var entry in journal.ReadAsync(stream, 0, cancellation).ConfigureAwait(false))
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>
    /// Whether a run has ended and only notices were written since, by its newest entries: reading all of it takes long where there are many runs.
    /// False where that is not enough to know.
    /// </summary>
    public static async Task<bool> HasEndedAsync(IJournal journal, RunHeads heads, CancellationToken cancellation)
    {
        var last = "";
        var after = Math.Max(0, heads.Last.Sequence - Newest);
        await foreach (var entry in journal.ReadAsync(heads.Run.Value, after, cancellation).ConfigureAwait(false))
        {
            last = entry.Kind is nameof(NoticeSent) or nameof(NoticeFailed) ? last : entry.Kind;
        }

        return last is nameof(RunEnded);
    }

    /// <summary>The run as its journal tells it; empty for a run that is not there.</summary>
    public static async Task<RunState> StateAsync(IJournal journal, RunId run, CancellationToken cancellation) =>
        RunState.Of((await EntriesAsync(journal, run, cancellation).ConfigureAwait(false)).Select(RunEvents.Parse));
}
