using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>ALTER TABLE … ATTACH PARTITION: the catalog says whose partition a table is.</summary>
/// <param name="Table">The partitioned table, as SQL.</param>
/// <param name="Partition">What becomes a partition of it, as SQL.</param>
internal sealed record PartitionAttachment(string Table, string Partition) : StatementKind
{
    private static readonly string Attached = $"""
        select i.inhrelid::pg_catalog.int8 from pg_catalog.pg_inherits i
        where i.inhparent = {NamedObjects.Relation("$1")} and i.inhrelid = {NamedObjects.Relation("$2")}
        """;

    public override bool IsSeen => true;

    public static PartitionAttachment? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        return
            names.TakesTable() is { } table
            && names.Takes("attach", "partition")
            && names.QualifiedName() is { } partition
            ? new PartitionAttachment(table, partition)
            : null;
    }

    public override Task<IReadOnlyList<long>> BeforeAsync(PostgresSession session, CancellationToken cancellation) =>
        IdsAsync(session, Attached, cancellation, Table, Partition);

    public override async Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await BeforeAsync(session, cancellation).ConfigureAwait(false);
        return now.Any(i => !before.Contains(i)) ? StatementFate.Done : StatementFate.NotDone;
    }
}
