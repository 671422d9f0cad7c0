using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>Indexes that PostgreSQL keeps up to date or keeps only by name, but never reads.</summary>
internal static class InvalidIndexes
{
    /// <summary>The invalid ones of these.</summary>
    public static async Task<IReadOnlyList<InvalidIndex>> OfAsync(
        PostgresSession session,
        IReadOnlyList<long> ids,
        CancellationToken cancellation
    ) =>
        await session
            .QueryAsync(
                """
                select i.indexrelid::pg_catalog.int8, n.nspname::pg_catalog.text, c.relname::pg_catalog.text,
                  array(select p.pid from pg_catalog.pg_stat_progress_create_index p
                    where p.pid <> pg_catalog.pg_backend_pid() and exists (select from pg_catalog.pg_locks l
                      where l.pid = p.pid and l.relation = i.indrelid and l.mode = 'ShareUpdateExclusiveLock'
                        and l.database = (select d.oid from pg_catalog.pg_database d
                                          where d.datname = pg_catalog.current_database())))
                from pg_catalog.pg_index i
                join pg_catalog.pg_class c on c.oid = i.indexrelid
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where not (i.indisvalid and i.indisready) and i.indexrelid::pg_catalog.int8 = any($1)
                """,
                r => new InvalidIndex(
                    r.GetInt64(0),
                    new RelationName(r.GetString(1), r.GetString(2)).Sql,
                    r.GetFieldValue<int[]>(3)
                ),
                cancellation,
                new NpgsqlParameter { Value = ids.ToArray() }
            )
            .ConfigureAwait(false);
}

/// <summary>One of them.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Sql">Its name, as SQL.</param>
/// <param name="Builders">The other processes that build an index on its table without a lock against writers: it may be theirs.</param>
internal sealed record InvalidIndex(long Id, string Sql, IReadOnlyList<int> Builders);
