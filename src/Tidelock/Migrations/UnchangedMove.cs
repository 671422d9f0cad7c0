using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// A move that is refused where its relation, or what hangs on it, is no longer as it was captured: what somebody did meanwhile would be
/// overwritten, or taken for the change's own and taken back. Looked at in the move's transaction, in every try.
/// </summary>
/// <param name="move">What is done otherwise.</param>
/// <param name="relation">The relation of the change.</param>
/// <param name="before">As it was captured; null for no such relation.</param>
public sealed class UnchangedMove(IMigrationMove move, RelationName relation, RelationClosure? before) : IMigrationMove
{
    public FilledUnderLock? UnderLock => move.UnderLock;

    public bool MustBeRepeated => move.MustBeRepeated;

    public TimeSpan? Held => move.Held;

    /// <summary>What is another than it was, in words; null for nothing.</summary>
    public static async Task<Message?> ChangedAsync(
        PostgresSession session,
        RelationName relation,
        RelationClosure? before,
        CancellationToken cancellation
    )
    {
        var now = await ClosureCapture.ReadAsync(session, relation, cancellation).ConfigureAwait(false);
        var differences = ClosureComparison.Differences(before, now.ClosureOrNull);
        return differences.Count == 0
            ? null
            : Message.Of(
                "migrations.changed-meanwhile",
                ("relation", relation),
                ("count", differences.Count),
                ("differences", Several.Of(differences.Texts()))
            );
    }

    public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
        move.PrepareAsync(session, cancellation);

    public Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation) => move.BuildAsync(open, cancellation);

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        await open.ExecuteAsync("set local search_path to pg_catalog", relation, cancellation).ConfigureAwait(false);
        return await ChangedAsync(open.Session, relation, before, cancellation).ConfigureAwait(false)
            ?? await move.ApplyAsync(open, cancellation).ConfigureAwait(false);
    }

    public Message Explain(PostgresException error, object? about) => move.Explain(error, about);
}
