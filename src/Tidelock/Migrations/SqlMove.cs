using Npgsql;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// A file of SQL in one transaction. It runs as the text of a DO block's EXECUTE: there PostgreSQL itself refuses BEGIN, COMMIT and what
/// cannot run in a transaction, so that the file cannot end the transaction it is judged by. The search_path is that of the role or
/// database, as in psql.
/// </summary>
internal sealed class SqlMove(ChangeFile file) : IMigrationMove
{
    public TimeSpan? Held { get; init; }

    public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
        Task.FromResult(new MovePreparation([], null) { LocksUnknown = true });

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        var about = new AuthorsSql(file, "");
        await open.ExecuteAsync("set local search_path to default", about, cancellation).ConfigureAwait(false);
        var block = $"begin execute {Identifiers.Literal(about.Sql)}; end";
        await open.ExecuteAsync($"do {Identifiers.Literal(block)}", about, cancellation).ConfigureAwait(false);
        return null;
    }

    public Message Explain(PostgresException error, object? about) =>
        error.SqlState switch
        {
            PostgresErrorCodes.ActiveSqlTransaction => Message.Of(
                "migrations.sql.not-in-a-transaction",
                ("file", file.Path),
                ("reason", error.MessageText)
            ),
            PostgresErrorCodes.FeatureNotSupported or PostgresErrorCodes.InvalidTransactionTermination => Message.Of(
                "migrations.sql.transaction-control",
                ("file", file.Path),
                ("reason", error.MessageText)
            ),
            _ => new AuthorsSql(file, "").Explain(error),
        };
}
