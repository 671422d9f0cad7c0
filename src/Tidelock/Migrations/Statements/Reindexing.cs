using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>REINDEX of one index or table: may be run again. CONCURRENTLY, a failed try leaves invalid indexes <c>…_ccnew</c>, <c>…_ccold</c>.</summary>
/// <param name="IsTable">Whether a table is named, else an index.</param>
/// <param name="Name">It, as SQL.</param>
/// <param name="IsConcurrent">CONCURRENTLY.</param>
internal sealed record Reindexing(bool IsTable, string Name, bool IsConcurrent) : StatementKind
{
    private const string Leftovers = """
        select i.indexrelid::pg_catalog.int8 from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_class t on t.oid =
          (select case when $2 then r.oid else (select x.indrelid from pg_catalog.pg_index x where x.indexrelid = r.oid) end
           from pg_catalog.pg_class r where r.oid = pg_catalog.to_regclass($1))
        where i.indrelid in (t.oid, t.reltoastrelid) and not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$'
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

        var concurrent = names.Takes("concurrently") || options.Contains("concurrently");
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

    public override async Task<IReadOnlyList<string>> LeftoversAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await BeforeAsync(session, cancellation).ConfigureAwait(false);
        return await InvalidIndexes.NamesAsync(session, [.. now.Except(before)], cancellation).ConfigureAwait(false);
    }
}
