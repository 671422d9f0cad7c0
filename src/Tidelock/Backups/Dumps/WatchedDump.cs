using System.Runtime.ExceptionServices;
using Npgsql;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

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

        // In the snapshot's transaction: the files as the snapshot sees them.
        var then = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
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
            whom => whom is null
        );
        await ((Task)Task.WhenAll((Task[])[dumping, counting, watching])).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing
        );
        cancellation.ThrowIfCancellationRequested();
        if (watching.IsCompletedSuccessfully && await watching.ConfigureAwait(false) is { } whom)
        {
            return (null, Again(whom));
        }

        Rethrow([counting, dumping, watching]);
        var dumped = dumping.IsCompletedSuccessfully ? await dumping.ConfigureAwait(false) : null;
        if (dumped is not { Succeeded: true } || !counting.IsCompletedSuccessfully)
        {
            return (null, await FailedAsync(dumped, watch, backends, cancellation).ConfigureAwait(false));
        }

        var rewritten = await RewrittenAsync(then, beside, cancellation).ConfigureAwait(false);
        return rewritten.Count == 0
            ? (await counting.ConfigureAwait(false), null)
            : (null, Again(Message.Of("backups.rewritten", ("tables", string.Join(", ", rewritten)))));
    }

    private static BackupTaking Again(Message why) => new(null, why) { GaveWay = true };

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

    /// <summary>What was lost is no outcome. A task that was ended because of another has no exception, and a lock that was not granted is told otherwise.</summary>
    private static void Rethrow(Task[] parts)
    {
        var fault = parts.Select(p => p.Exception?.InnerException).FirstOrDefault(e => e is not null);
        if (fault is not null and not PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    /// <summary>
    /// Why there is no dump. The server is asked once more, while the snapshot's transaction holds what was counted: a server that went away is a fault, and
    /// somebody who waits makes pg_dump's jobs fail before they have waited long, because those take their locks at once or not at all.
    /// </summary>
    private async Task<BackupTaking> FailedAsync(
        ProgramResult? dumped,
        DumpWatch watch,
        DumpBackends backends,
        CancellationToken cancellation
    )
    {
        await using var asking = await PostgresSession
            .OpenAsync(session.Target, order.ApplicationName, cancellation)
            .ConfigureAwait(false);
        if (!await backends.IsThereAsync(asking, cancellation).ConfigureAwait(false))
        {
            // Tells by itself how it was lost.
            await session.ExecuteAsync("rollback", cancellation).ConfigureAwait(false);
        }

        await watch.LookAsync(asking, cancellation).ConfigureAwait(false);
        return dumped is null || watch.Locked is not null ? Locked(watch)
            : watch.Waiting is { } waiting ? Again(waiting)
            : IsNotGranted(dumped) ? Again(Message.Of("backups.yield.at-once", ("words", dumped.LastWords)))
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

    /// <summary>pg_dump passes on no code of an error of its jobs, only the server's text.</summary>
    private static bool IsNotGranted(ProgramResult dumped) =>
        dumped.Errors.Contains("could not obtain lock", StringComparison.Ordinal);

    /// <summary>
    /// Tables that were truncated or rewritten after the snapshot was taken and before pg_dump had locked them. Their new files have no rows that the snapshot
    /// sees, so the dump has none, and the count neither.
    /// </summary>
    private static async Task<IReadOnlyList<RelationName>> RewrittenAsync(
        IReadOnlyList<TableState> then,
        PostgresSession beside,
        CancellationToken cancellation
    )
    {
        var now = (await TableStates.ReadAsync(beside, cancellation).ConfigureAwait(false)).ToDictionary(t => t.Oid);
        return
        [
            .. then.Where(t => now.TryGetValue(t.Oid, out var same) && same.FileNode != t.FileNode)
                .Select(t => new RelationName(t.Schema, t.Name)),
        ];
    }

    private BackupTaking Locked(DumpWatch watch) =>
        new(
            null,
            Message.Of(
                "backups.locked",
                ("target", session.Target),
                ("wait", order.Locks),
                ("who", watch.Locked ?? Message.Of("backups.locked.unknown"))
            )
        );
}
