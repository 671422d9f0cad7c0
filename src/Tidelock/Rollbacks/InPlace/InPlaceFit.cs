using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.InPlace;

/// <summary>Whether a restore in place is possible at all, and whether it fits into one transaction.</summary>
internal static class InPlaceFit
{
    /// <summary>Longer than this nobody waits for all or nothing.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>
    /// A lock each for what is dropped with all that hangs on it, as for each relation, function and what is made anew. A large object gets its old
    /// number again, and so its lock. What belongs to an extension stays.
    /// </summary>
    private const string Locks = """
        with extensions as (select classid, objid from pg_depend where deptype = 'e')
        select 2 * (select count(*) from pg_class where oid >= 16384 and relkind in ('r', 'p', 'i', 'I', 'S', 't', 'v', 'm', 'f', 'c') and relpersistence <> 't'
              and ('pg_class'::regclass, oid) not in (select classid, objid from extensions))
          + 2 * (select count(*) from pg_proc where oid >= 16384 and ('pg_proc'::regclass, oid) not in (select classid, objid from extensions))
          + (select count(*) from pg_type where oid >= 16384 and ('pg_type'::regclass, oid) not in (select classid, objid from extensions))
          + (select count(*) from pg_constraint where oid >= 16384)
          + (select count(*) from pg_attrdef where oid >= 16384)
          + (select count(*) from pg_trigger where oid >= 16384)
          + (select count(*) from pg_rewrite where oid >= 16384)
          + (select count(*) from pg_policy where oid >= 16384)
          + (select count(*) from pg_largeobject_metadata)
        """;

    /// <summary>
    /// Why nothing can be restored in place; null where it can. Before it drops a table, <c>pg_restore --clean</c> drops its constraints one by one, and
    /// the server refuses that for one that a partition or an heir has of its parent. A disk that is full under the log stops the server.
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
        return inherited.FirstOrDefault()
            ?? (await ServerRoom.LookAsync(session, restored: null, cancellation).ConfigureAwait(false)).LackingOver;
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

        // What is dropped stays on the disk until the restore over it is committed.
        var room = await ServerRoom.LookAsync(session, restored: null, cancellation).ConfigureAwait(false);
        if (room.Lacking is { } lacking)
        {
            return lacking;
        }

        var needed = await session.ScalarAsync<long>(Locks, cancellation).ConfigureAwait(false);
        var entries = await LockTable.EntriesAsync(session, cancellation).ConfigureAwait(false);
        return needed > entries - (entries / 4)
            ? Message.Of(
                "rollbacks.in-place.too-many",
                ("needed", RowFigure.Of(needed)),
                ("locks", RowFigure.Of(entries))
            )
            : null;
    }
}
