using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>REINDEX of one index or table: may be run again. CONCURRENTLY, a failed try leaves invalid indexes <c>…_ccnew</c>, <c>…_ccold</c>.</summary>
/// <param name="IsTable">Whether a table is named, else an index.</param>
/// <param name="Name">It, as SQL.</param>
/// <param name="IsConcurrent">CONCURRENTLY.</param>
internal sealed record Reindexing(bool IsTable, string Name, bool IsConcurrent) : StatementKind
{
    private static readonly string Leftovers = $"""
        with named as (select {NamedObjects.Relation("$1")} as id),
        parts as (select n.id from named n
          union select p.relid::pg_catalog.oid from named n, pg_catalog.pg_partition_tree(n.id::pg_catalog.regclass) p),
        tables as (select case when $2 then p.id
          else (select x.indrelid from pg_catalog.pg_index x where x.indexrelid = p.id) end as id from parts p)
        select i.indexrelid::pg_catalog.int8 from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' and exists (select from tables
          join pg_catalog.pg_class t on t.oid = tables.id where i.indrelid in (t.oid, t.reltoastrelid))
        """;

    public override bool WaitsHarmlessly => IsConcurrent;

    /// <summary>Null also for a whole schema or database.</summary>
    public static Reindexing? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        if (!names.Takes("reindex"))
        {
            return null;
        }

        var options = names.Parentheses();
        var isTable = names.Takes("table");
        if (!isTable && !names.Takes("index"))
        {
            return null;
        }

        var concurrent = names.Takes("concurrently") || Asks(options);
        return names.QualifiedName() is { } name ? new Reindexing(isTable, name, concurrent) : null;
    }

    public override Task<IReadOnlyList<long>> BeforeAsync(PostgresSession session, CancellationToken cancellation) =>
        IdsAsync(session, Leftovers, cancellation, Name, IsTable);

    /// <summary>Whether it was done cannot be seen, and need not be.</summary>
    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.NotDone);

    public override async Task<IReadOnlyList<InvalidIndex>> LeftoversAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await BeforeAsync(session, cancellation).ConfigureAwait(false);
        return await InvalidIndexes.OfAsync(session, [.. now.Except(before)], cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether the options ask for CONCURRENTLY and do not switch it off.</summary>
    private static bool Asks(IReadOnlyList<string> options)
    {
        var value = options.SkipWhile(o => o != "concurrently").Skip(1).FirstOrDefault();
        return options.Contains("concurrently") && value?.ToLowerInvariant() is not ("off" or "false" or "0");
    }
}
