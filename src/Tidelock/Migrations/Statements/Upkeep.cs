using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>VACUUM, ANALYZE, CHECKPOINT, REFRESH: to run them again does no harm.</summary>
/// <param name="IsLight">Whether its lock lets readers and writers pass; those of VACUUM FULL and of a REFRESH that is not CONCURRENTLY do not.</param>
internal sealed record Upkeep(bool IsLight) : StatementKind
{
    public override bool WaitsHarmlessly => IsLight;

    public static Upkeep? Read(SqlStatement statement) =>
        statement.Begins("vacuum") || statement.Begins("analyze") || statement.Begins("analyse")
            ? new Upkeep(!statement.Has("full"))
        : statement.Begins("refresh", "materialized", "view") ? new Upkeep(statement.Has("concurrently"))
        : statement.Begins("checkpoint") ? new Upkeep(true)
        : null;

    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.NotDone);
}
