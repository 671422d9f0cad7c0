using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>VACUUM, ANALYZE, CHECKPOINT: change no content and may be run again.</summary>
/// <param name="IsLight">Whether its lock lets readers and writers pass; VACUUM FULL's does not.</param>
internal sealed record Upkeep(bool IsLight) : StatementKind
{
    public override bool WaitsHarmlessly => IsLight;

    public static Upkeep? Read(SqlStatement statement) =>
        statement.Begins("vacuum") || statement.Begins("analyze") || statement.Begins("analyse")
            ? new Upkeep(!statement.Has("full"))
        : statement.Begins("checkpoint") ? new Upkeep(true)
        : null;

    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.NotDone);
}
