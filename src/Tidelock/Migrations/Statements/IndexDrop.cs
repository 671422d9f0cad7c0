using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>DROP INDEX. CONCURRENTLY it can stop half-way, and is completed by running it again.</summary>
/// <param name="Names">The indexes, as SQL.</param>
/// <param name="IsConcurrent">CONCURRENTLY.</param>
/// <param name="IfExists">IF EXISTS.</param>
internal sealed record IndexDrop(IReadOnlyList<string> Names, bool IsConcurrent, bool IfExists) : StatementKind
{
    private const string There = """
        select pg_catalog.to_regclass(n)::pg_catalog.oid::pg_catalog.int8 from pg_catalog.unnest($1) n
        where pg_catalog.to_regclass(n) is not null
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
        return now.Any(i => !before.Contains(i)) ? StatementFate.Unknown
            : now.Count == 0 && (before.Count > 0 || IfExists) ? StatementFate.Done
            : StatementFate.NotDone;
    }
}
