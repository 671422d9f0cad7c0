using Tidelock.Postgres;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>
/// A program's hold on a run: the run lock on the database, a fresh epoch in the journal, and no backend left of older epochs.
/// Only with all three may anybody look at the database and act.
/// </summary>
internal sealed class RunHold : IAsyncDisposable
{
    private static readonly TimeSpan OlderBackends = TimeSpan.FromSeconds(30);

    private readonly RunLock runLock;

    private RunHold(RunLock runLock, long epoch) => (this.runLock, Epoch) = (runLock, epoch);

    public long Epoch { get; }

    /// <summary>Cancelled when the lock's connection is gone.</summary>
    public CancellationToken Lost => runLock.Lost;

    /// <summary>Takes hold, or says who has the database.</summary>
    /// <param name="journal">Where the epoch is taken.</param>
    /// <param name="run">The run.</param>
    /// <param name="target">The database.</param>
    /// <param name="lastEpoch">The newest epoch in the run's journal; 0 for a new run.</param>
    /// <param name="takeOver">Whether an older epoch of this very run that still has the lock is pushed aside.</param>
    public static async Task<(RunHold? Hold, LockHolder? Holder)> TakeAsync(
        IJournal journal,
        RunId run,
        PostgresTarget target,
        long lastEpoch,
        bool takeOver,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var guess = lastEpoch + 1;
        var attempt = await RunLock
            .TryTakeAsync(target, run.ApplicationName(guess), cancellation)
            .ConfigureAwait(false);
        if (attempt.Holder is { } holder && !(takeOver && IsOlder(holder, run)))
        {
            return (null, holder);
        }

        var epoch = await journal.TakeEpochAsync(run, cancellation).ConfigureAwait(false);
        if (attempt.Lock is null || epoch != guess)
        {
            // The lock's connections carry the epoch in their name, and those of older epochs are ended.
            await ReleaseAsync(attempt.Lock).ConfigureAwait(false);
            await EndOlderAsync(run, target, epoch, time, cancellation).ConfigureAwait(false);
            attempt = await RunLock
                .TryTakeAsync(target, run.ApplicationName(epoch), cancellation)
                .ConfigureAwait(false);
        }

        if (attempt.Lock is null)
        {
            return (null, attempt.Holder);
        }

        await EndOlderAsync(run, target, epoch, time, cancellation).ConfigureAwait(false);
        return (new RunHold(attempt.Lock, epoch), null);
    }

    public ValueTask DisposeAsync() => runLock.DisposeAsync();

    private static bool IsOlder(LockHolder holder, RunId run) =>
        holder.ApplicationName.StartsWith($"tidelock/{run}/", StringComparison.Ordinal);

    private static async Task EndOlderAsync(
        RunId run,
        PostgresTarget target,
        long epoch,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, run.ApplicationName(epoch), cancellation)
            .ConfigureAwait(false);
        await OlderEpochs.EndAsync(session, run.Value, epoch, OlderBackends, time, cancellation).ConfigureAwait(false);
    }

    private static async Task ReleaseAsync(RunLock? held)
    {
        if (held is not null)
        {
            await held.DisposeAsync().ConfigureAwait(false);
        }
    }
}
