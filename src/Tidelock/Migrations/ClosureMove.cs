using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Brings a captured closure back exactly: the way back by definition. What others added to the relation's dependents meanwhile is kept.
/// Materialized views are filled beside, before anything is locked.
/// </summary>
/// <param name="name">The relation.</param>
/// <param name="wanted">What was there; null when there was no such relation.</param>
public sealed class ClosureMove(RelationName name, RelationClosure? wanted) : IMigrationMove
{
    private RelationClosure? seen;
    private BesideBuild? beside;

    public FilledUnderLock? UnderLock { get; private set; }

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
            : ViewWork.Locks(seen);
    }

    public async Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation)
    {
        (beside, UnderLock) = (null, null);
        if (seen is null || wanted is null || IsReplaceEnough(seen, wanted))
        {
            return false;
        }

        var target = ClosureRestore.Target(seen, wanted);
        if (!BesideBuild.Pays(target))
        {
            return false;
        }

        var build = new BesideBuild(name, seen, target);
        var reason =
            BesideBuild.Obstacle(seen, target)
            ?? await build
                .BuildAsync(
                    open,
                    r => ViewWork.RunAsync(open, ClosureRestore.Create(r), cancellation),
                    columns: null,
                    cancellation
                )
                .ConfigureAwait(false);
        beside = reason is null ? build : null;
        UnderLock = reason is null ? null : BesideBuild.UnderLock(name, target, reason);
        return beside is not null;
    }

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        if (seen is not null)
        {
            await ViewWork.LockAsync(open, ClosureRestore.Lock(seen), cancellation).ConfigureAwait(false);
        }

        var current = await ReadAsync(open, cancellation).ConfigureAwait(false);
        if (WouldBeDropped(current) is { } kept)
        {
            return kept;
        }

        if (await SwapAsync(open, current, cancellation).ConfigureAwait(false))
        {
            return await CheckAsync(open, cancellation).ConfigureAwait(false);
        }

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

        return await CheckAsync(open, cancellation).ConfigureAwait(false);
    }

    public Message Explain(PostgresException error, object? about) => ViewWork.Explain(error, about, name);

    private async Task<Message?> RefusalAsync(
        PostgresSession session,
        RelationClosure current,
        CancellationToken cancellation
    ) =>
        WouldBeDropped(current)
        ?? await ViewWork.CannotPutBackAsync(session, current, cancellation).ConfigureAwait(false);

    /// <summary>What reads a view that is to go would go with it, whoever made it.</summary>
    private Message? WouldBeDropped(RelationClosure? current) =>
        wanted is null && current is not null && current.DependentNames.Any()
            ? Message.Of(
                "migrations.view.new-has-dependents",
                ("relation", name),
                ("dependents", string.Join(", ", current.DependentNames))
            )
            : null;

    /// <summary>Whether what was built took the place of what is there; what no longer fits is dropped.</summary>
    private async Task<bool> SwapAsync(OpenTry open, RelationClosure? current, CancellationToken cancellation)
    {
        if (beside is null)
        {
            return false;
        }

        var reason = Message.Of("migrations.beside.changed");
        if (ClosureComparison.Differences(seen, current).Count > 0)
        {
            await beside.DiscardAsync(open, cancellation).ConfigureAwait(false);
        }
        else if (await beside.RefreshedAsync(open, cancellation).ConfigureAwait(false) is { Count: > 0 } views)
        {
            await beside.DiscardAsync(open, cancellation).ConfigureAwait(false);
            reason = Message.Of("migrations.beside.refreshed", ("views", string.Join(", ", views)));
        }
        else if (await beside.SwapAsync(open, cancellation).ConfigureAwait(false) is { } failed)
        {
            reason = failed;
        }
        else
        {
            return true;
        }

        UnderLock = BesideBuild.UnderLock(name, ClosureRestore.Target(current, wanted!), reason);
        return false;
    }

    private async Task<Message?> CheckAsync(OpenTry open, CancellationToken cancellation)
    {
        if (wanted is null)
        {
            return null;
        }

        var columns = wanted.Relation.Columns;
        if (await ViewWork.OtherColumnsAsync(open, name, columns, cancellation).ConfigureAwait(false) is { } other)
        {
            return other;
        }

        try
        {
            await ViewWork.PlanAsync(open, name, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // What its owner may not read now he could not read before either: going back exactly is right.
        }

        return null;
    }

    /// <summary>Whether the light way will be enough: nothing but the definition is another, and the columns allow it.</summary>
    private bool IsReplaceEnough(RelationClosure current, RelationClosure target) =>
        IsReplaceable(current, target)
        && ClosureComparison
            .Differences(current, target)
            .All(d =>
                d.Relation == name && d.Part is ClosurePart.Definition or ClosurePart.Column or ClosurePart.Option
            );

    /// <summary>Whether PostgreSQL can replace the one by the other in place.</summary>
    private static bool IsReplaceable(RelationClosure current, RelationClosure target) =>
        current.Relation.Kind == RelationKind.View
        && target.Relation.Kind == RelationKind.View
        && ViewWork.Extends(current.Relation.Columns, target.Relation.Columns);

    /// <summary>Tries the light way, and looks whether it was enough: only the definition was another, and the columns allow it.</summary>
    private async Task<bool> ReplaceAsync(OpenTry open, RelationClosure? current, CancellationToken cancellation)
    {
        if (current is null || wanted is null || !IsReplaceable(current, wanted))
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
