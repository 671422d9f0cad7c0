using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations;

/// <summary>Looks into <c>pg_locks</c> for who holds relations.</summary>
internal static class BlockerSearch
{
    /// <summary>All sessions that hold any lock on one of the relations, oldest transaction first. ACCESS EXCLUSIVE conflicts with all.</summary>
    public static async Task<IReadOnlyList<Blocker>> FindAsync(
        PostgresSession session,
        IReadOnlyList<RelationName> relations,
        CancellationToken cancellation
    )
    {
        // Within a transaction the server would repeat what it saw of other sessions before.
        await session.ExecuteAsync("select pg_stat_clear_snapshot()", cancellation).ConfigureAwait(false);
        var found = await session
            .QueryAsync(
                SqlText.Beside<Blocker>("Blockers"),
                r => Read(r, new RelationName(r.GetString(9), r.GetString(10))),
                cancellation,
                new NpgsqlParameter { Value = relations.Select(r => r.Schema).ToArray() },
                new NpgsqlParameter { Value = relations.Select(r => r.Name).ToArray() }
            )
            .ConfigureAwait(false);
        return found.DistinctBy(b => b.ProcessId == 0 ? b.State : $"{b.ProcessId}").ToList();
    }

    /// <summary>The sessions of these backends, which hold what somebody waits for.</summary>
    /// <param name="session">Open and idle.</param>
    /// <param name="relation">What is waited for; null where it is no relation but a row, say.</param>
    /// <param name="processIds"><c>pg_blocking_pids</c>: 0 stands for a prepared transaction.</param>
    /// <param name="cancellation">Ends the search.</param>
    public static async Task<IReadOnlyList<Blocker>> OfAsync(
        PostgresSession session,
        RelationName? relation,
        int[] processIds,
        CancellationToken cancellation
    )
    {
        if (relation is not null)
        {
            var holders = await FindAsync(session, [relation], cancellation).ConfigureAwait(false);
            return holders.Where(b => processIds.Contains(b.ProcessId)).ToList();
        }

        return await QueryAsync(session, "true", processIds, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The transactions among these that may still hold what others wait for although it is no relation: a row, or a snapshot. One without
    /// an id and without a snapshot holds neither, and is not waited for by anybody who begins to wait now.
    /// </summary>
    public static async Task<IReadOnlyList<Blocker>> StillAsync(
        PostgresSession session,
        IReadOnlyList<Blocker> met,
        CancellationToken cancellation
    )
    {
        int[] processIds = [.. met.Select(b => b.ProcessId)];
        const string holds = "(backend_xid is not null or backend_xmin is not null)";
        var found = await QueryAsync(session, holds, processIds, cancellation).ConfigureAwait(false);
        return found.Where(b => met.Any(b.IsSame)).ToList();
    }

    private static async Task<IReadOnlyList<Blocker>> QueryAsync(
        PostgresSession session,
        string condition,
        int[] processIds,
        CancellationToken cancellation
    ) =>
        await session
            .QueryAsync(
                $"""
                select pid, coalesce(usename, '')::text, coalesce(application_name, '')::text,
                  coalesce(extract(epoch from clock_timestamp() - xact_start), 0)::float8, coalesce(state, backend_type, '')::text,
                  coalesce(left(regexp_replace(query, '\s+', ' ', 'g'), 100), '')::text,
                  backend_start, xact_start,
                  coalesce(backend_type = 'autovacuum worker' and query not like '%(to prevent wraparound)%', false)
                from pg_stat_activity where pid = any($1) and {condition}
                """,
                r => Read(r, null),
                cancellation,
                new NpgsqlParameter { Value = processIds }
            )
            .ConfigureAwait(false);

    private static Blocker Read(NpgsqlDataReader r, RelationName? relation) =>
        new(
            r.GetInt32(0),
            r.GetString(1),
            r.GetString(2),
            TimeSpan.FromSeconds(Math.Max(0, r.GetDouble(3))),
            r.GetString(4),
            r.GetString(5),
            relation
        )
        {
            BackendStart = r.IsDBNull(6) ? null : r.GetFieldValue<DateTimeOffset>(6),
            TransactionStart = r.IsDBNull(7) ? null : r.GetFieldValue<DateTimeOffset>(7),
            GivesWay = r.GetBoolean(8),
        };
}
