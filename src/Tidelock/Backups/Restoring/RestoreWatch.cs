using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Restoring;

/// <summary>
/// Ends a restore's backend when it has waited too long for a lock. pg_restore sets lock_timeout and statement_timeout to zero by
/// itself, so that no setting of ours reaches it; and while it waits, every reader queues behind it.
/// </summary>
internal sealed class RestoreWatch(PostgresSession session, string applicationName, TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan CommitWait = TimeSpan.FromSeconds(5);

    /// <summary>Who was in the way when a backend was ended; null while none was.</summary>
    public Message? Blocked { get; private set; }

    /// <summary>Told who is in the way, instead of ending the backend that waits: where what was done so far stays done.</summary>
    public Action<Message>? Tell { get; init; }

    /// <summary>Watches the backends of the application name until <paramref name="running"/> ends.</summary>
    public async Task WatchAsync(Task running, CancellationToken cancellation)
    {
        var every = TimeSpan.FromMilliseconds(Math.Clamp(limit.TotalMilliseconds / 2, 10, 250));
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(every, time, cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            await EndTooLongAsync(cancellation).ConfigureAwait(false);
            await ReleaseCommitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private async Task EndTooLongAsync(CancellationToken cancellation)
    {
        var waiting = await session
            .QueryAsync(
                """
                select l.pid, extract(epoch from clock_timestamp() - l.waitstart)::float8, coalesce(l.relation::regclass::text, l.locktype)
                from pg_locks l join pg_stat_activity a on a.pid = l.pid
                where not l.granted and l.waitstart < clock_timestamp() - $1 and a.datname = current_database()
                  and a.application_name = $2
                """,
                r => (Pid: r.GetInt32(0), Seconds: r.GetDouble(1), On: r.GetString(2)),
                cancellation,
                new NpgsqlParameter { Value = limit },
                new NpgsqlParameter { Value = applicationName }
            )
            .ConfigureAwait(false);
        foreach (var (pid, seconds, on) in waiting)
        {
            Blocked = Message.Of(
                "backups.restore.blocked",
                ("relation", on),
                ("waited", TimeSpan.FromSeconds(seconds)),
                ("blockers", await BlockersAsync(pid, cancellation).ConfigureAwait(false))
            );
            if (Tell is not null)
            {
                Tell(Blocked);
                continue;
            }

            await session.ExecuteAsync($"select pg_terminate_backend({pid})", cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A COMMIT that waits for a synchronous standby has taken effect and holds every lock: a cancel lets it return.</summary>
    private Task ReleaseCommitAsync(CancellationToken cancellation) =>
        session.ScalarAsync<long>(
            """
            select count(pg_cancel_backend(pid)) from pg_stat_activity
            where application_name = $1 and wait_event = 'SyncRep' and query_start < clock_timestamp() - $2
            """,
            cancellation,
            new NpgsqlParameter { Value = applicationName },
            new NpgsqlParameter { Value = CommitWait }
        );

    /// <summary><c>pid 4711 reporting (idle in transaction, 4 min)</c>, comma between them.</summary>
    private async Task<string> BlockersAsync(int pid, CancellationToken cancellation)
    {
        var blockers = await session
            .QueryAsync(
                """
                select pid, coalesce(nullif(application_name, ''), usename::text, backend_type, '?'), coalesce(state, backend_type, '?'),
                       coalesce(extract(epoch from clock_timestamp() - xact_start), 0)::float8
                from pg_stat_activity where pid = any(pg_blocking_pids($1))
                """,
                r =>
                    FormattableString.Invariant(
                        $"pid {r.GetInt32(0)} {r.GetString(1)} ({r.GetString(2)}, {Durations.Short(TimeSpan.FromSeconds(r.GetDouble(3)))})"
                    ),
                cancellation,
                new NpgsqlParameter { Value = pid }
            )
            .ConfigureAwait(false);
        return blockers.Count > 0 ? string.Join(", ", blockers) : "?";
    }
}
