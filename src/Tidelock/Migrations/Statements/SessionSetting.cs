using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>SET and RESET: what comes behind them counts on them, in whatever session it runs.</summary>
internal sealed record SessionSetting : StatementKind
{
    public override bool IsSetting => true;

    public static SessionSetting? Read(SqlStatement statement) =>
        statement.Begins("set") || statement.Begins("reset") ? new SessionSetting() : null;

    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.NotDone);
}
