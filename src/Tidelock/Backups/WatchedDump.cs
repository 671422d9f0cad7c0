using System.Runtime.ExceptionServices;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// pg_dump, the counting in its snapshot, and the look at who waits for both, all at once. When one of them fails the others are ended, too.
/// </summary>
internal sealed class WatchedDump(PgDumpRun dump, PostgresSession session, BackupOrder order, TimeProvider time)
{
    /// <summary>The tables with their rows; or why there is no dump.</summary>
    public async Task<(IReadOnlyList<TableState>? Counted, BackupTaking? Refusal)> RunAsync(
        string snapshot,
        IReadOnlyList<TableState> tables,
        CancellationToken cancellation
    )
    {
        await using var beside = await PostgresSession
            .OpenAsync(session.Target, order.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var backends = DumpBackends.Of(session, order.ApplicationName);
        var watch = new DumpWatch(beside, backends, order.Patience, order.Locks, time);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var dumping = OrNoneAsync(
            dump.RunAsync(snapshot, backends.Dumping, tables.Count, all.Token),
            all,
            result => result.Succeeded
        );
        var counting = OrNoneAsync(
            TableStates.CountAsync(session, tables, order.Counted, time, all.Token),
            all,
            _ => true
        );
        var watching = OrNoneAsync(
            watch.WatchAsync(Task.WhenAll(dumping, counting), all.Token),
            all,
            hasEndedIt => !hasEndedIt
        );
        await ((Task)Task.WhenAll((Task[])[dumping, counting, watching])).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing
        );
        cancellation.ThrowIfCancellationRequested();
        if (watching.IsCompletedSuccessfully && await watching.ConfigureAwait(false))
        {
            return (null, new BackupTaking(null, watch.Waiting!) { GaveWay = true });
        }

        var refusal = await RefusedAsync(dumping, [counting, dumping, watching], watch).ConfigureAwait(false);
        return refusal is null ? (await counting.ConfigureAwait(false), null) : (null, refusal);
    }

    private static async Task<T> OrNoneAsync<T>(Task<T> part, CancellationTokenSource all, Func<T, bool> isGood)
    {
        try
        {
            var made = await part.ConfigureAwait(false);
            if (!isGood(made))
            {
                await all.CancelAsync().ConfigureAwait(false);
            }

            return made;
        }
        catch
        {
            await all.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<BackupTaking?> RefusedAsync(Task<ProgramResult> dumping, Task[] parts, DumpWatch watch)
    {
        // A task that was ended because of another has no exception.
        var fault = parts.Select(p => p.Exception?.InnerException).FirstOrDefault(e => e is not null);
        var isLocked = fault is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };
        if (fault is not null && !isLocked)
        {
            ExceptionDispatchInfo.Throw(fault);
        }

        var dumped = dumping.IsCompletedSuccessfully ? await dumping.ConfigureAwait(false) : null;
        return isLocked || (dumped is { Succeeded: false } && watch.Locked is not null) ? Locked(watch)
            : dumped is null or { Succeeded: true } ? null
            : watch.Waiting is { } waiting ? new BackupTaking(null, waiting) { GaveWay = true }
            : new BackupTaking(
                null,
                Message.Of(
                    "backups.dump-failed",
                    ("target", session.Target),
                    ("exit", dumped.ExitCode),
                    ("words", dumped.LastWords)
                )
            );
    }

    private BackupTaking Locked(DumpWatch watch) =>
        new(
            null,
            Message.Of(
                "backups.locked",
                ("target", session.Target),
                ("wait", order.Locks),
                ("who", (object?)watch.Locked ?? "")
            )
        );
}
