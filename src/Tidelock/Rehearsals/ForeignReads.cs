using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>
/// What is read from other servers through foreign tables, however many views lie between. On a copy nothing may reach those servers: it has no
/// user mappings, and what reads them is left out.
/// </summary>
internal static class ForeignReads
{
    /// <summary>Each of <c>roots</c> with every relation that it reads.</summary>
    private const string Reads = """
        reads(root, oid) as (
          select oid, oid from roots
          union
          select r.root, next.oid from reads r cross join lateral (
            select d.refobjid from pg_rewrite w
              join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
              where w.ev_class = r.oid
            union all
            select i.inhrelid from pg_inherits i where i.inhparent = r.oid
          ) next(oid)
        )
        """;

    private const string OfRelation = $"""
        with recursive roots as (select to_regclass($1)::oid as oid), {Reads}
        select c.oid::regclass::text from reads r join pg_class c on c.oid = r.oid where c.relkind = 'f' limit 1
        """;

    private const string OfKind = $"""
        with recursive roots as (select oid from pg_class where relkind = any ($1) and (relkind <> 'm' or relispopulated)), {Reads}
        select distinct n.nspname::text, c.relname::text from reads r join pg_class f on f.oid = r.oid and f.relkind = 'f'
          join pg_class c on c.oid = r.root join pg_namespace n on n.oid = c.relnamespace
        """;

    /// <summary>The foreign table that a relation reads; null for none.</summary>
    public static Task<string?> OfAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    ) => session.ScalarAsync<string>(OfRelation, cancellation, new NpgsqlParameter { Value = relation.Sql });

    /// <summary>The foreign table that a check's query reads; null for none, and for what is no query.</summary>
    /// <param name="session">May make temporary views, and is in no transaction.</param>
    /// <param name="query">One SELECT.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<string?> OfAsync(PostgresSession session, string query, CancellationToken cancellation)
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        try
        {
            // Its rules name what it reads; nothing is executed, and nothing of it stays. Names are looked for where a check looks for them.
            await session
                .ExecuteAsync(
                    $"set local search_path to public, pg_temp; create temporary view tidelock_query as select 1 as one from (\n{query.TrimEnd().TrimEnd(';')}\n) q",
                    cancellation
                )
                .ConfigureAwait(false);
            return await OfAsync(session, new RelationName("pg_temp", "tidelock_query"), cancellation)
                .ConfigureAwait(false);
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return null;
        }
    }

    /// <summary>The materialized views that were filled with such reads.</summary>
    public static Task<List<RelationName>> FilledAsync(PostgresSession session, CancellationToken cancellation) =>
        OfKindAsync(session, ['m'], cancellation);

    /// <summary>The tables of which some partitions or heirs are foreign: to analyze them reads those.</summary>
    public static Task<List<RelationName>> InheritedAsync(PostgresSession session, CancellationToken cancellation) =>
        OfKindAsync(session, ['r', 'p'], cancellation);

    private static Task<List<RelationName>> OfKindAsync(
        PostgresSession session,
        char[] kinds,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            OfKind,
            r => new RelationName(r.GetString(0), r.GetString(1)),
            cancellation,
            new NpgsqlParameter
            {
                Value = kinds,
                NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.InternalChar,
            }
        );
}
