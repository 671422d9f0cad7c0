using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>
/// What is read from other servers through foreign tables, however many views and functions lie between. On a copy nothing may reach those servers: it has no
/// user mappings, and what reads them is left out.
/// </summary>
internal static class ForeignReads
{
    /// <summary>
    /// Each of <c>roots</c> with every relation and function that it reads. What a function in words does is known to nobody but the server that runs
    /// it: it is taken to read what it names, and where it makes up its queries, whatever is foreign.
    /// </summary>
    private const string Reads = """
        names(class, oid, name, is_foreign) as (
          select 'pg_class'::regclass::oid, oid, lower(relname), relkind = 'f' from pg_class where relkind in ('r', 'p', 'v', 'm', 'f') and oid >= 16384
          union all
          select 'pg_proc'::regclass::oid, oid, lower(proname), false from pg_proc where oid >= 16384
        ),
        reads(root, class, oid) as (
          select oid, 'pg_class'::regclass::oid, oid from roots
          union
          select r.root, next.class, next.oid from reads r cross join lateral (
            select d.refclassid, d.refobjid from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
              where r.class = 'pg_class'::regclass and w.ev_class = r.oid and d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass)
            union all
            select r.class, i.inhrelid from pg_inherits i where r.class = 'pg_class'::regclass and i.inhparent = r.oid
            union all
            select d.refclassid, d.refobjid from pg_depend d
              where r.class = 'pg_proc'::regclass and d.classid = r.class and d.objid = r.oid and d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass)
            union all
            select n.class, n.oid from pg_proc p cross join lateral regexp_split_to_array(lower(p.prosrc), '[^[:alnum:]_$]+') words
              join names n on case when n.name ~ '[^[:alnum:]_$]' then strpos(lower(p.prosrc), n.name) > 0 else n.name = any (words) end
                or n.is_foreign and 'execute' = any (words)
              where r.class = 'pg_proc'::regclass and p.oid = r.oid and p.oid >= 16384 and p.prosqlbody is null
          ) next(class, oid)
        )
        """;

    /// <summary>Most databases have none, and then nothing of theirs is searched.</summary>
    private const string Any = "exists (select from pg_class where relkind = 'f')";

    private const string OfRelation = $"""
        with recursive roots as (select to_regclass($1)::oid as oid where {Any}), {Reads}
        select c.oid::regclass::text from reads r join pg_class c on r.class = 'pg_class'::regclass and c.oid = r.oid where c.relkind = 'f' limit 1
        """;

    private const string OfKind = $"""
        with recursive roots as (select oid from pg_class where relkind = any ($1) and (relkind <> 'm' or relispopulated) and {Any}), {Reads}
        select distinct n.nspname::text, c.relname::text
        from reads r join pg_class f on r.class = 'pg_class'::regclass and f.oid = r.oid and f.relkind = 'f'
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
