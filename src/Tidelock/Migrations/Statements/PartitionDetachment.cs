using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>ALTER TABLE … DETACH PARTITION … CONCURRENTLY: two transactions, between which it waits for all who use the table.</summary>
internal sealed record PartitionDetachment : StatementKind
{
    public override bool WaitsHarmlessly => true;

    public override bool LeavesHalf => true;

    public override string HalfCode => "migrations.statements.half-detached";

    public static PartitionDetachment? Read(SqlStatement statement) =>
        statement.Begins("alter", "table") && statement.Has("detach") && statement.Has("concurrently")
            ? new PartitionDetachment()
            : null;

    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.Unknown);
}
