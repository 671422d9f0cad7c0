using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>
/// ALTER TABLE … DETACH PARTITION … CONCURRENTLY or FINALIZE. The first transaction marks the partition as pending; the second takes ACCESS
/// EXCLUSIVE on it, for which its readers queue. A try that was cut off between them is completed by FINALIZE.
/// </summary>
/// <param name="Table">The partitioned table, as SQL.</param>
/// <param name="Partition">The partition, as SQL.</param>
internal sealed record PartitionDetachment(string Table, string Partition) : StatementKind
{
    /// <summary>The partition's id while it is one, negative while it is pending.</summary>
    private static readonly string Attached = $"""
        select i.inhrelid::pg_catalog.int8 * case when i.inhdetachpending then -1 else 1 end
        from pg_catalog.pg_inherits i
        where i.inhparent = {NamedObjects.Relation("$1")} and i.inhrelid = {NamedObjects.Relation("$2")}
        """;

    public override bool IsSeen => true;

    public override string HalfCode => "migrations.statements.half-detached";

    public static PartitionDetachment? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        if (!names.Takes("alter", "table"))
        {
            return null;
        }

        names.Takes("if", "exists");
        names.Takes("only");
        return
            names.QualifiedName() is { } table
            && names.Takes("detach", "partition")
            && names.QualifiedName() is { } partition
            && (names.Takes("concurrently") || names.Takes("finalize"))
            ? new PartitionDetachment(table, partition)
            : null;
    }

    public override Task<IReadOnlyList<long>> BeforeAsync(PostgresSession session, CancellationToken cancellation) =>
        IdsAsync(session, Attached, cancellation, Table, Partition);

    public override bool IsUndone(IReadOnlyList<long> before) => before.Count == 0;

    public override async Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await BeforeAsync(session, cancellation).ConfigureAwait(false);
        return now.Count > 0 ? StatementFate.NotDone
            : before.Count > 0 ? StatementFate.Done
            : StatementFate.Unknown;
    }

    public override async Task<IReadOnlyList<string>> HalfDoneAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => await IsPendingAsync(session, cancellation).ConfigureAwait(false) ? [Partition] : [];

    public override async Task<string> SqlAsync(
        SqlStatement statement,
        PostgresSession session,
        CancellationToken cancellation
    ) =>
        await IsPendingAsync(session, cancellation).ConfigureAwait(false)
            ? $"alter table {Table} detach partition {Partition} finalize"
            : statement.Text;

    private async Task<bool> IsPendingAsync(PostgresSession session, CancellationToken cancellation) =>
        (await BeforeAsync(session, cancellation).ConfigureAwait(false)).Any(id => id < 0);
}
