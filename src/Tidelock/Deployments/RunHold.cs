using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>
/// A program's hold on a run: the run lock on the database, a fresh epoch in the journal, and no backend left of older epochs.
/// Only with all three may anybody look at the database and act.
/// </summary>
internal sealed class RunHold : IAsyncDisposable
{
    private static readonly TimeSpan OlderBackends = TimeSpan.FromSeconds(30);

    /// <summary>How long the server may take to notice that a program was killed.</summary>
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(100);

    private readonly RunLock runLock;

    private RunHold(RunLock runLock, long epoch) => (this.runLock, Epoch) = (runLock, epoch);

    public long Epoch { get; }

    /// <summary>Cancelled when the lock's connection is gone.</summary>
    public CancellationToken Lost => runLock.Lost;

    public RunLock Lock => runLock;

    /// <summary>Takes hold, or says who has the database.</summary>
    /// <param name="journal">Where the epoch is taken.</param>
    /// <param name="run">The run.</param>
    /// <param name="target">The database.</param>
    /// <param name="known">The run as its journal tells it.</param>
    /// <param name="losses">Knows the epoch this program had; keeps the one that is taken.</param>
    /// <param name="takeOver">Whether an older epoch of this very run that still has the lock is pushed aside.</param>
    public static async Task<(RunHold? Hold, LockHolder? Holder)> TakeAsync(
        IJournal journal,
        RunId run,
        PostgresTarget target,
        RunState known,
        RunLosses losses,
        bool takeOver,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var guess = known.Epoch + 1;
        var attempt = await TryTakeAsync(run, target, guess, known, time, cancellation).ConfigureAwait(false);
        if (attempt.Holder is { } holder && !(takeOver && IsOf(holder, run)))
        {
            return (null, holder);
        }

        try
        {
            var epoch = await journal.TakeEpochAsync(run, losses.Epoch, cancellation).ConfigureAwait(false);
            losses.Epoch = epoch;
            if (attempt.Lock is null || epoch != guess)
            {
                // The lock's connections carry the epoch in their name, and those of older epochs are ended.
                await ReleaseAsync(attempt.Lock).ConfigureAwait(false);
                attempt = new RunLockAttempt(null, null);
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
        catch
        {
            await ReleaseAsync(attempt.Lock).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Tries once, and for a while where the holder may be a program that was just killed.</summary>
    private static async Task<RunLockAttempt> TryTakeAsync(
        RunId run,
        PostgresTarget target,
        long epoch,
        RunState known,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var since = time.GetTimestamp();
        while (true)
        {
            var attempt = await RunLock
                .TryTakeAsync(target, run.ApplicationName(epoch), cancellation)
                .ConfigureAwait(false);
            if (
                attempt.Holder is not { } holder
                || !MayBeDying(holder, run, known)
                || time.GetElapsedTime(since) > Dying
            )
            {
                return attempt;
            }

            await Task.Delay(RetryEvery, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the holder is this run's, and its program is dead on this host or was never journaled.</summary>
    internal static bool MayBeDying(LockHolder holder, RunId run, RunState known) =>
        IsOf(holder, run)
        && (
            !string.Equals(holder.ApplicationName, run.ApplicationName(known.Epoch), StringComparison.Ordinal)
            || (known.Host == Environment.MachineName && !StartedChild.Of(known.ProcessId).IsRunning)
        );

    public ValueTask DisposeAsync() => runLock.DisposeAsync();

    internal static bool IsOf(LockHolder holder, RunId run) =>
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
