using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>There is no move of ours to make: the change is made another way.</summary>
/// <param name="refusal">Which, to whoever prepares this one all the same.</param>
internal sealed class NoMove(Message refusal) : IMigrationMove
{
    public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
        Task.FromResult(MovePreparation.Refuse(refusal));

    public Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation) =>
        throw new InvalidOperationException("It was refused before.");

    public Message Explain(PostgresException error, object? about) => refusal;
}
