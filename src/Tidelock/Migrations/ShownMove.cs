using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// A move that must show in a relation: where the relation stands as before and the move changes it, the move was not made yet, and may be.
/// Where it changes nothing there, nobody can tell, and it is not made.
/// </summary>
/// <param name="move">All or nothing, in one transaction.</param>
/// <param name="relation">Where it must show.</param>
public sealed class ShownMove(IMigrationMove move, RelationName relation) : IMigrationMove
{
    public FilledUnderLock? UnderLock => move.UnderLock;

    public bool MustBeRepeated => move.MustBeRepeated;

    public TimeSpan? Held => move.Held;

    public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
        move.PrepareAsync(session, cancellation);

    public Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation) => move.BuildAsync(open, cancellation);

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        var before = await ReadAsync(open, cancellation).ConfigureAwait(false);
        if (await move.ApplyAsync(open, cancellation).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        var after = await ReadAsync(open, cancellation).ConfigureAwait(false);
        return ClosureComparison.Differences(before, after).Count > 0
            ? null
            : Message.Of("migrations.not-shown", ("relation", relation));
    }

    public Message Explain(PostgresException error, object? about) => move.Explain(error, about);

    private async Task<RelationClosure?> ReadAsync(OpenTry open, CancellationToken cancellation)
    {
        await open.ExecuteAsync("set local search_path to pg_catalog", relation, cancellation).ConfigureAwait(false);
        return (
            await ClosureCapture.ReadAsync(open.Session, relation, cancellation).ConfigureAwait(false)
        ).ClosureOrNull;
    }
}
