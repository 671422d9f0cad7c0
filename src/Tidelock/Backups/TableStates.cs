using Npgsql;
using NpgsqlTypes;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>Reads the tables of a database with their statistics, and counts rows where that is cheap.</summary>
internal static class TableStates
{
    /// <summary>Above this many bytes a table is not counted: a full read beside the dump would cost too much.</summary>
    private const long CountedUpTo = 256L << 20;

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
            r => new TableState(
                r.GetString(0),
                r.GetString(1),
                r.GetFieldValue<uint>(2),
                r.GetFieldValue<uint>(3),
                null,
                r.GetInt64(4),
                r.GetInt64(5),
                r.GetInt64(6),
                r.GetInt64(7)
            ),
            cancellation
        );

    /// <summary>The same tables with their rows counted in the session's snapshot, except the large ones.</summary>
    public static async Task<IReadOnlyList<TableState>> CountAsync(
        PostgresSession session,
        IReadOnlyList<TableState> tables,
        CancellationToken cancellation
    )
    {
        var counted = new List<TableState>(tables.Count);
        foreach (var table in tables)
        {
            var size = await session
                .ScalarAsync<long>(
                    "select coalesce(pg_relation_size($1), 0)",
                    cancellation,
                    new NpgsqlParameter { Value = table.Oid, NpgsqlDbType = NpgsqlDbType.Oid }
                )
                .ConfigureAwait(false);
            counted.Add(
                size > CountedUpTo
                    ? table
                    : table with
                    {
                        Rows = await CountAsync(session, table, cancellation).ConfigureAwait(false),
                    }
            );
        }

        return counted;
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
