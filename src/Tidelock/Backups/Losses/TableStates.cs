using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Backups.Losses;

/// <summary>Reads the tables of a database with their statistics, and counts rows where that is cheap.</summary>
internal static class TableStates
{
    /// <summary>Above this many bytes a table is not counted: a full read beside the dump would cost too much.</summary>
    private const long CountedUpTo = 256L << 20;

    /// <summary>For all counts together: the snapshot keeps old rows from being cleaned away.</summary>
    internal static readonly TimeSpan CountLimit = TimeSpan.FromSeconds(60);

    /// <summary>All ordinary tables that a dump contains: not temporary, not an extension's, not the system's.</summary>
    public static Task<List<TableState>> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        session.QueryAsync(
            """
            select n.nspname::text, c.relname::text, c.oid, c.relfilenode, c.reltuples::bigint,
                   coalesce(s.n_tup_ins, 0), coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_del, 0)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_all_tables s on s.relid = c.oid
            where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
            order by 1, 2
            """,
            r => Of(r, null),
            cancellation
        );

    /// <summary>
    /// What a dump holds besides: the large objects, by the table of their pages, which has no rows (0) where there is none; and the tables that extensions
    /// have marked as their configuration. Nothing is counted.
    /// </summary>
    public static Task<List<TableState>> OthersAsync(PostgresSession session, CancellationToken cancellation) =>
        session.QueryAsync(
            """
            select n.nspname::text, c.relname::text, c.oid, c.relfilenode, c.reltuples::bigint,
                   coalesce(s.n_tup_ins, 0), coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_del, 0),
                   c.oid = 'pg_catalog.pg_largeobject'::regclass and not exists (select from pg_catalog.pg_largeobject_metadata)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_all_tables s on s.relid = c.oid
            where c.oid = 'pg_catalog.pg_largeobject'::regclass
              or (c.relkind = 'r' and c.oid in (select unnest(extconfig) from pg_catalog.pg_extension))
            order by 1, 2
            """,
            r => Of(r, r.GetBoolean(8) ? 0 : null),
            cancellation
        );

    private static TableState Of(NpgsqlDataReader r, long? rows) =>
        new(
            r.GetString(0),
            r.GetString(1),
            r.GetFieldValue<uint>(2),
            r.GetFieldValue<uint>(3),
            rows,
            r.GetInt64(4),
            r.GetInt64(5),
            r.GetInt64(6),
            r.GetInt64(7)
        );

    /// <summary>
    /// The same tables with their rows counted in the session's transaction: first the declared ones and what declared views read, with their partitions,
    /// however large, then the small ones, as far as the time goes. Those that were never analyzed may be of any size and come last of their
    /// kind. The rest stays uncounted.
    /// </summary>
    public static async Task<IReadOnlyList<TableState>> CountAsync(
        PostgresSession session,
        IReadOnlyList<TableState> tables,
        IReadOnlyList<RelationName> declared,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var first = await ReadByAsync(session, declared, cancellation).ConfigureAwait(false);
        var sizes = await SizesAsync(session, cancellation).ConfigureAwait(false);
        var order = tables
            .Where(t => first.Contains(t.Oid) || sizes.GetValueOrDefault(t.Oid) <= CountedUpTo)
            .OrderByDescending(t => first.Contains(t.Oid))
            .ThenBy(t => t.EstimatedRows < 0)
            .ThenBy(t => sizes.GetValueOrDefault(t.Oid));
        var rows = new Dictionary<uint, long?>();
        var since = time.GetTimestamp();
        foreach (var table in order)
        {
            var left = CountLimit - time.GetElapsedTime(since);
            if (left < TimeSpan.FromMilliseconds(1))
            {
                break;
            }

            rows[table.Oid] = await CountWithinAsync(session, table, left, cancellation).ConfigureAwait(false);
        }

        return [.. tables.Select(t => t with { Rows = rows.GetValueOrDefault(t.Oid) })];
    }

    /// <summary>A count that takes too long is given up and leaves the transaction, and so its snapshot, as it is.</summary>
    private static async Task<long?> CountWithinAsync(
        PostgresSession session,
        TableState table,
        TimeSpan left,
        CancellationToken cancellation
    )
    {
        await session
            .ExecuteAsync(
                $"savepoint counting; set local statement_timeout = {(long)left.TotalMilliseconds}",
                cancellation
            )
            .ConfigureAwait(false);
        long? rows = null;
        try
        {
            rows = await CountAsync(session, table, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e)
            when (e.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
        {
            // It stays uncounted.
        }

        await session
            .ExecuteAsync("rollback to savepoint counting; release savepoint counting", cancellation)
            .ConfigureAwait(false);
        return rows;
    }

    /// <summary>Those of these that are not there, or whose rows are not in a dump: foreign tables, sequences.</summary>
    public static async Task<IReadOnlyList<RelationName>> UnknownAsync(
        PostgresSession session,
        IReadOnlyList<RelationName> declared,
        CancellationToken cancellation
    )
    {
        var there = await session
            .QueryAsync(
                """
                select exists (select from pg_class where oid = to_regclass(name) and relkind in ('r', 'p', 'v', 'm'))
                from unnest($1) with ordinality n(name, at) order by at
                """,
                r => r.GetBoolean(0),
                cancellation,
                Names(declared)
            )
            .ConfigureAwait(false);
        return [.. declared.Where((_, at) => !there[at])];
    }

    /// <summary>The relations themselves, their partitions and what they read.</summary>
    public static async Task<HashSet<uint>> ReadByAsync(
        PostgresSession session,
        IReadOnlyList<RelationName> relations,
        CancellationToken cancellation
    ) =>
        [
            .. await session
                .QueryAsync(
                    """
                    with recursive reads(oid) as (
                      select to_regclass(name)::oid from unnest($1) name
                      union
                      select next.oid from reads r cross join lateral (
                        select d.refobjid from pg_rewrite w
                          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
                          where w.ev_class = r.oid
                        union all
                        select i.inhrelid from pg_inherits i where i.inhparent = r.oid
                      ) next(oid)
                    )
                    select oid from reads where oid is not null
                    """,
                    r => r.GetFieldValue<uint>(0),
                    cancellation,
                    Names(relations)
                )
                .ConfigureAwait(false),
        ];

    private static NpgsqlParameter Names(IReadOnlyList<RelationName> relations) =>
        new() { Value = relations.Select(r => r.Sql).ToArray() };

    /// <summary>As vacuum or analyze saw them last: asking for the files' sizes would wait for locks.</summary>
    private static async Task<Dictionary<uint, long>> SizesAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var sizes = await session
            .QueryAsync(
                "select oid, relpages * current_setting('block_size')::bigint from pg_class where relkind = 'r'",
                r => (Oid: r.GetFieldValue<uint>(0), Size: r.GetInt64(1)),
                cancellation
            )
            .ConfigureAwait(false);
        return sizes.ToDictionary(s => s.Oid, s => s.Size);
    }

    /// <summary>Rows of one table as the session sees it, however long that takes.</summary>
    public static async Task<long> CountAsync(PostgresSession session, TableState table, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            $"select count(*) from only {new RelationName(table.Schema, table.Name).Sql}",
            session.Connection
        )
        {
            CommandTimeout = 0,
        };
        return (long)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    public static async Task<StatisticsEpoch> EpochAsync(PostgresSession session, CancellationToken cancellation) =>
        (
            await session
                .QueryAsync(
                    """
                    select (select stats_reset from pg_stat_database where datname = current_database()),
                           (select stats_reset from pg_stat_bgwriter)
                    """,
                    r => new StatisticsEpoch(Time(r, 0), Time(r, 1)),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];

    private static DateTimeOffset? Time(NpgsqlDataReader r, int column) =>
        r.IsDBNull(column) ? null : r.GetFieldValue<DateTimeOffset>(column);
}
