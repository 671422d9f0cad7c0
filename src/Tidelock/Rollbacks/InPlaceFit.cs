using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Whether a restore in place fits into one transaction.</summary>
internal static class InPlaceFit
{
    /// <summary>Longer than this nobody waits for all or nothing.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Why it does not; null where it does.</summary>
    /// <param name="session">Of the database.</param>
    /// <param name="took">How long the restore took in rehearsal; null where that is not known.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<Message?> TooLargeAsync(
        PostgresSession session,
        TimeSpan? took,
        CancellationToken cancellation
    )
    {
        if (took > Longest)
        {
            return Message.Of("rollbacks.in-place.too-long", ("took", took), ("limit", Longest));
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
