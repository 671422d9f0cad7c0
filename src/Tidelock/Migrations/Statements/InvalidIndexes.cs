using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>Indexes that PostgreSQL keeps up to date or keeps only by name, but never reads.</summary>
internal static class InvalidIndexes
{
    /// <summary>The invalid ones of these, as SQL.</summary>
    public static async Task<IReadOnlyList<string>> NamesAsync(
        PostgresSession session,
        IReadOnlyList<long> ids,
        CancellationToken cancellation
    )
    {
        var found = await session
            .QueryAsync(
                """
                select n.nspname::pg_catalog.text, c.relname::pg_catalog.text from pg_catalog.pg_index i
                join pg_catalog.pg_class c on c.oid = i.indexrelid
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where not (i.indisvalid and i.indisready) and i.indexrelid::pg_catalog.int8 = any($1)
                """,
                r => new RelationName(r.GetString(0), r.GetString(1)).Sql,
                cancellation,
                new NpgsqlParameter { Value = ids.ToArray() }
            )
            .ConfigureAwait(false);
        return found;
    }
}
