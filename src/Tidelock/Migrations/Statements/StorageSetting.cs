using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>ALTER TABLE … SET (fillfactor = …), or RESET: to run it again changes nothing.</summary>
internal sealed record StorageSetting : StatementKind
{
    public static StorageSetting? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        return
            names.TakesTable() is not null
            && (names.Takes("set") || names.Takes("reset"))
            && names.Parentheses().Count > 0
            && names.IsAtEnd
            ? new StorageSetting()
            : null;
    }

    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.NotDone);
}
