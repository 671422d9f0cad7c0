using Tidelock.Runs;

namespace Tidelock.Gates;

/// <summary>What the journal knows of earlier runs of a change.</summary>
internal static class ChangeRuns
{
    /// <summary>The runs of a digest in an environment, newest first.</summary>
    public static async Task<IReadOnlyList<RunState>> ReadAsync(
        IJournal journal,
        string digest,
        string environment,
        CancellationToken cancellation
    ) => [.. (await NamedAsync(journal, digest, environment, cancellation).ConfigureAwait(false)).Select(r => r.State)];

    /// <summary>The same with their names.</summary>
    public static async Task<IReadOnlyList<(RunId Run, RunState State)>> NamedAsync(
        IJournal journal,
        string digest,
        string environment,
        CancellationToken cancellation
    )
    {
        var found = new List<(RunId, RunState)>();
        foreach (var heads in await journal.ListAsync(cancellation).ConfigureAwait(false))
        {
            if (
                RunEvents.Parse(heads.First) is RunStarted started
                && string.Equals(started.Digest, digest, StringComparison.Ordinal)
                && string.Equals(started.TargetEnvironment, environment, StringComparison.Ordinal)
            )
            {
                found.Add(
                    (heads.Run, await RunReader.StateAsync(journal, heads.Run, cancellation).ConfigureAwait(false))
                );
            }
        }

        return found;
    }

    /// <summary>
    /// When a start of this digest in this environment last led to an end that used it up: declared complete, or taken back. A run that
    /// changed nothing uses nothing up. Null for never.
    /// </summary>
    public static async Task<DateTimeOffset?> LastUsedUpAsync(
        IJournal journal,
        string digest,
        string environment,
        CancellationToken cancellation
    )
    {
        var runs = await ReadAsync(journal, digest, environment, cancellation).ConfigureAwait(false);
        return runs.Where(r => r.Result is RunResult.Completed or RunResult.RolledBack or RunResult.Undone)
            .Max(r => r.EndedAt);
    }
}
