using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.InPlace;

/// <summary>Whether a restore in place is possible at all, and whether it fits into one transaction.</summary>
internal static class InPlaceFit
{
    /// <summary>Longer than this nobody waits for all or nothing.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Why nothing can be restored in place; null where it can. Before it drops a table, <c>pg_restore --clean</c> drops its constraints one by one, and
    /// the server refuses that for one that a partition or an heir has of its parent.
    /// </summary>
    public static async Task<Message?> ObstacleAsync(PostgresSession session, CancellationToken cancellation)
    {
        var inherited = await session
            .QueryAsync(
                """
                select n.nspname::text, c.relname::text, k.conname::text
                from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
                  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where k.coninhcount > 0 and k.contype in ('p', 'u') and c.relpersistence <> 't' order by 1, 2, 3 limit 1
                """,
                r =>
                    Message.Of(
                        "rollbacks.in-place.inherited",
                        ("table", new RelationName(r.GetString(0), r.GetString(1))),
                        ("constraint", r.GetString(2))
                    ),
                cancellation
            )
            .ConfigureAwait(false);
        return inherited.FirstOrDefault();
    }

    /// <summary>Why it does not fit; null where it does.</summary>
    /// <param name="session">Of the database.</param>
    /// <param name="took">How long the restore took in rehearsal; null where that is not known.</param>
    /// <param name="jobs">By how many jobs: one transaction has one, and may take as many times as long.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<Message?> TooLargeAsync(
        PostgresSession session,
        TimeSpan? took,
        int jobs,
        CancellationToken cancellation
    )
    {
        if (took * jobs > Longest)
        {
            return Message.Of("rollbacks.in-place.too-long", ("took", took), ("jobs", jobs), ("limit", Longest));
        }

        // Every relation is locked twice: as it is dropped, and as it is created.
        var (relations, locks) = (
            await session
                .QueryAsync(
                    """
                    select (select count(*) from pg_class where oid >= 16384 and relkind in ('r', 'p', 'i', 'I', 'S', 't', 'v', 'm', 'f')),
                           current_setting('max_locks_per_transaction')::bigint
                             * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)
                    """,
                    r => (r.GetInt64(0), r.GetInt64(1)),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];
        return 2 * relations > locks
            ? Message.Of(
                "rollbacks.in-place.too-many",
                ("relations", RowFigure.Of(relations)),
                ("locks", RowFigure.Of(locks))
            )
            : null;
    }
}
