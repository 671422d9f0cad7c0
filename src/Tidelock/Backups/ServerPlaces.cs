using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>Where a database's server keeps it, as far as its login may know.</summary>
/// <param name="Size">Bytes of the database.</param>
/// <param name="LargestIndex">Bytes of its largest index.</param>
/// <param name="Tablespaces">In which it lies.</param>
/// <param name="Log">The folder of the log; null where that is hidden.</param>
/// <param name="LogSize">What the log grows to before a checkpoint; all of the database where somebody keeps it from being removed.</param>
internal sealed record ServerPlaces(
    long Size,
    long LargestIndex,
    IReadOnlyList<TablespaceShare> Tablespaces,
    string? Log,
    long LogSize
)
{
    /// <summary>By the sizes in the catalog: nothing is locked for it, and what they leave out counts as the default tablespace's.</summary>
    private const string Shares = """
        with d as (select dattablespace, pg_database_size(oid) as size from pg_database where datname = current_database()),
          elsewhere as (select reltablespace as space, sum(relpages::bigint * current_setting('block_size')::bigint)::bigint as bytes
            from pg_class where reltablespace not in (0, (select dattablespace from d)) and not relisshared group by 1),
          shares as (
            select dattablespace as space, greatest(0, size - coalesce((select sum(bytes) from elsewhere), 0))::bigint as bytes, true as is_default from d
            union all
            select space, bytes, false from elsewhere)
        select coalesce(nullif(pg_tablespace_location(space), ''), (select setting from pg_settings where name = 'data_directory')), bytes, is_default
        from shares
        """;

    public static async Task<ServerPlaces> ReadAsync(PostgresSession session, CancellationToken cancellation)
    {
        var tablespaces = await session
            .QueryAsync(Shares, r => new TablespaceShare(Text(r, 0), r.GetInt64(1), r.GetBoolean(2)), cancellation)
            .ConfigureAwait(false);
        var read = await session
            .QueryAsync(
                """
                select pg_database_size(current_database()),
                  coalesce((select max(relpages) from pg_class where relkind = 'i'), 0) * current_setting('block_size')::bigint,
                  (select setting || '/pg_wal' from pg_settings where name = 'data_directory'),
                  pg_size_bytes(current_setting('max_wal_size')),
                  exists (select from pg_replication_slots where not active and restart_lsn is not null)
                    or current_setting('archive_mode') <> 'off'
                      and exists (select from pg_stat_archiver where last_failed_time > coalesce(last_archived_time, '-infinity'))
                """,
                r => new ServerPlaces(
                    r.GetInt64(0),
                    r.GetInt64(1),
                    tablespaces,
                    Text(r, 2),
                    r.GetBoolean(4) ? Math.Max(r.GetInt64(3), r.GetInt64(0)) : r.GetInt64(3)
                ),
                cancellation
            )
            .ConfigureAwait(false);
        return read[0];
    }

    private static string? Text(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);
}

/// <summary>What of a database lies in a tablespace.</summary>
/// <param name="Folder">The tablespace's; null where that is hidden.</param>
/// <param name="Bytes">Of the database.</param>
/// <param name="IsDefault">Whether it is the database's own, in which indexes are sorted, too.</param>
internal sealed record TablespaceShare(string? Folder, long Bytes, bool IsDefault);
