using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Brings a captured closure back exactly: the way back by definition. What others added to the relation's dependents meanwhile is kept.
/// </summary>
/// <param name="name">The relation.</param>
/// <param name="wanted">What was there; null when there was no such relation.</param>
public sealed class ClosureMove(RelationName name, RelationClosure? wanted) : IMigrationMove
{
    private RelationClosure? seen;

    public async Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation)
    {
        var read = await ClosureCapture.CaptureAsync(session, name, cancellation).ConfigureAwait(false);
        if (read is CaptureResult.NotAView other)
        {
            return MovePreparation.Refuse(Message.Of("relations.not-a-view", ("relation", name), ("kind", other.Kind)));
        }

        seen = read.ClosureOrNull;
        if (seen is null || ClosureComparison.Differences(seen, wanted).Count == 0)
        {
            return new MovePreparation([], null);
        }

        return await RefusalAsync(session, seen, cancellation).ConfigureAwait(false) is { } refusal
            ? MovePreparation.Refuse(refusal)
            : new MovePreparation(seen.All.Select(r => r.Name).ToList(), null);
    }

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        if (seen is not null)
        {
            await ViewWork.LockAsync(open, seen.All, cancellation).ConfigureAwait(false);
        }

        var current = await ReadAsync(open, cancellation).ConfigureAwait(false);
        if (ClosureComparison.Differences(current, wanted).Count == 0)
        {
            return null;
        }

        var replaced = await ReplaceAsync(open, current, cancellation).ConfigureAwait(false);
        if (!replaced)
        {
            current = await ReadAsync(open, cancellation).ConfigureAwait(false);
            await ViewWork
                .RunAsync(open, ClosureRestore.Statements(current, wanted), cancellation)
                .ConfigureAwait(false);
        }

        return wanted is null
            ? null
            : await ViewWork.CheckAsync(open, name, wanted.Relation.Columns, cancellation).ConfigureAwait(false);
    }

    public Message Explain(PostgresException error, object? about) => ViewWork.Explain(error, about, name);

    private async Task<Message?> RefusalAsync(
        PostgresSession session,
        RelationClosure current,
        CancellationToken cancellation
    ) =>
        wanted is null && current.Dependents.Count > 0
            ? Message.Of(
                "migrations.view.new-has-dependents",
                ("relation", name),
                ("dependents", string.Join(", ", current.Dependents.Select(d => d.Name)))
            )
            : await ViewWork.CannotPutBackAsync(session, current, cancellation).ConfigureAwait(false);

    /// <summary>Tries the light way, and looks whether it was enough: only the definition was another, and the columns allow it.</summary>
    private async Task<bool> ReplaceAsync(OpenTry open, RelationClosure? current, CancellationToken cancellation)
    {
        if (
            current is null
            || wanted is null
            || current.Relation.Kind != RelationKind.View
            || wanted.Relation.Kind != RelationKind.View
            || !ViewWork.Extends(current.Relation.Columns, wanted.Relation.Columns)
        )
        {
            return false;
        }

        await ViewWork
            .RunAsync(open, [ClosureRestore.Replace(wanted.Relation, wanted.Relation.Definition)], cancellation)
            .ConfigureAwait(false);
        var now = await ReadAsync(open, cancellation).ConfigureAwait(false);
        return ClosureComparison
            .Differences(now, wanted)
            .All(d => d.Part == ClosurePart.Definition && d.Relation == name);
    }

    private async Task<RelationClosure?> ReadAsync(OpenTry open, CancellationToken cancellation) =>
        (await ClosureCapture.ReadAsync(open.Session, name, cancellation).ConfigureAwait(false)).ClosureOrNull;
}
