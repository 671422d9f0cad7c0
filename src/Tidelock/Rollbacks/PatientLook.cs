using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>A look at a relation and all that hangs on it that waits, as long as for locks, for who holds any of it.</summary>
internal static class PatientLook
{
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Who keeps others from reading a view's definition.</summary>
    private const string Holders = """
        select distinct l.pid from pg_catalog.pg_locks l
        where l.granted and l.mode = 'AccessExclusiveLock' and l.locktype = 'relation' and l.pid <> pg_catalog.pg_backend_pid()
          and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
          and l.relation = any (select pg_catalog.to_regclass(r) from unnest($1::text[]) r)
        """;

    /// <param name="context">Of the run.</param>
    /// <param name="closure">What is looked at, so that its holders can be named.</param>
    /// <param name="look">Reads only; may be called again.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What was seen, or why it could not be, and who is in the way.</returns>
    public static async Task<(T? Seen, Message? Busy)> AtAsync<T>(
        StepContext context,
        RelationClosure? closure,
        Func<PostgresSession, Task<T>> look,
        CancellationToken cancellation
    )
    {
        var patience = context.Change.Section<Migration>().Locks.Total;
        for (var since = context.Time.GetTimestamp(); ; )
        {
            Message reason;
            bool isPassing;
            await using (var session = await context.OpenAsync(cancellation).ConfigureAwait(false))
            {
                try
                {
                    return (await look(session).ConfigureAwait(false), null);
                }
                catch (Exception e) when (RunLater.IsUnreadable(e) && !cancellation.IsCancellationRequested)
                {
                    (reason, isPassing) = (RunLater.Reason(e), IsPassing(e));
                }
            }

            var blockers = await BlockersAsync(context, closure, cancellation).ConfigureAwait(false);
            var busy = blockers.Count == 0 ? reason : Several.Of([.. blockers.Select(b => b.Text)]);
            if (!isPassing || context.Time.GetElapsedTime(since) >= patience)
            {
                return (default, busy);
            }

            context.Report(busy);
            await Task.Delay(Pause, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether it is for what somebody else is doing, and not for what stays so: a right that is missing.</summary>
    public static bool IsPassing(Exception e) =>
        e is RelationBusyException or TidelockException
        || e
            is PostgresException
            {
                SqlState: PostgresErrorCodes.LockNotAvailable
                    or PostgresErrorCodes.QueryCanceled
                    or PostgresErrorCodes.DeadlockDetected
            };

    private static async Task<IReadOnlyList<Blocker>> BlockersAsync(
        StepContext context,
        RelationClosure? closure,
        CancellationToken cancellation
    )
    {
        if (closure is null)
        {
            return [];
        }

        // Another session: that of the look may be in a transaction that failed.
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var relations = closure.All.Select(r => r.Name).ToList();
        var holders = await session
            .QueryAsync(
                Holders,
                r => r.GetInt32(0),
                cancellation,
                new NpgsqlParameter { Value = relations.Select(r => r.Sql).ToArray() }
            )
            .ConfigureAwait(false);
        return holders.Count == 0
            ? []
            :
            [
                .. (await BlockerSearch.FindAsync(session, relations, cancellation).ConfigureAwait(false)).Where(b =>
                    holders.Contains(b.ProcessId)
                ),
            ];
    }
}
