using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>DROP INDEX. CONCURRENTLY it can stop half-way, and is completed by running it again.</summary>
/// <param name="Names">The indexes, as SQL.</param>
/// <param name="IsConcurrent">CONCURRENTLY.</param>
/// <param name="IfExists">IF EXISTS.</param>
internal sealed record IndexDrop(IReadOnlyList<string> Names, bool IsConcurrent, bool IfExists) : StatementKind
{
    /// <summary>The ids of the indexes, negative where they are invalid.</summary>
    private static readonly string There = $"""
        select case when i.indisvalid is false then -f.id else f.id end
        from (select {NamedObjects.Relation("n")}::pg_catalog.int8 as id from pg_catalog.unnest($1) n) f
        left join pg_catalog.pg_index i on i.indexrelid::pg_catalog.int8 = f.id
        where f.id is not null
        """;

    public override bool WaitsHarmlessly => IsConcurrent;

    public override bool IsSeen => true;

    public static IndexDrop? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        if (!names.Takes("drop", "index"))
        {
            return null;
        }

        var concurrent = names.Takes("concurrently");
        var ifExists = names.Takes("if", "exists");
        var indexes = new List<string>();
        do
        {
            if (names.QualifiedName() is not { } index)
            {
                return null;
            }

            indexes.Add(index);
        } while (names.TakesSymbol(','));

        return new IndexDrop(indexes, concurrent, ifExists);
    }

    public override Task<IReadOnlyList<long>> BeforeAsync(PostgresSession session, CancellationToken cancellation) =>
        IdsAsync(session, There, cancellation, (object)Names.ToArray());

    public override bool IsUndone(IReadOnlyList<long> before) => before.Count == 0;

    public override async Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await BeforeAsync(session, cancellation).ConfigureAwait(false);
        return now.Any(i => !before.Contains(i) && !before.Contains(-i)) ? StatementFate.Unknown
            : now.Count == 0 && (before.Count > 0 || IfExists) ? StatementFate.Done
            : StatementFate.NotDone;
    }

    public override async Task<IReadOnlyList<string>> HalfDoneAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var spoilt = await InvalidIndexes
            .OfAsync(session, [.. before.Where(i => i > 0)], cancellation)
            .ConfigureAwait(false);
        return IsConcurrent ? [.. spoilt.Select(i => i.Sql)] : [];
    }
}
