using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Brings a captured closure back exactly: the way back by definition. Dependents that others added meanwhile are kept, and whatever
/// else they did as far as it fits. Materialized views are filled beside, before anything is locked.
/// </summary>
/// <param name="name">The relation.</param>
/// <param name="wanted">What was there; null when there was no such relation.</param>
/// <param name="later">What others did since; null where that is not known.</param>
public sealed class ClosureMove(RelationName name, RelationClosure? wanted, LaterChanges? later = null) : IMigrationMove
{
    /// <summary>Whose later definitions turned out not to fit.</summary>
    private readonly HashSet<string> without = new(StringComparer.Ordinal);

    /// <summary>Those of them that only the swap showed.</summary>
    private readonly HashSet<string> unfit = new(StringComparer.Ordinal);
    private const int Builds = 3;
    private RelationClosure? seen;
    private BesideBuild? beside;
    private int outdated;

    /// <summary>Whether replacing in place turned out not to be enough.</summary>
    private bool mustRecreate;

    /// <summary>Why what was built beside did not take the place of what is there; null where that was not tried or not refused.</summary>
    private Message? notSwapped;

    public FilledUnderLock? UnderLock { get; private set; }

    public bool MustBeRepeated { get; private set; }

    /// <summary>What must be there when the locks are held; null for whatever is there.</summary>
    internal RelationClosure? Expected { get; init; }

    /// <summary>Whether it was refused because something else than expected was there, or because another owner was.</summary>
    internal bool IsOutdated { get; private set; }

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
        (beside, UnderLock, MustBeRepeated) = (null, null, false);
        without.Clear();
        without.UnionWith(unfit);
        while (seen is not null && Target(seen) is { } target && (mustRecreate || !IsReplaceEnough(seen, target)))
        {
            if (!BesideBuild.Pays(target))
            {
                return false;
            }

            var build = new BesideBuild(name, seen, target);
            var reason =
                notSwapped
                ?? BesideBuild.Obstacle(seen, target)
                ?? await build
                    .BuildAsync(
                        open,
                        r => ViewWork.RunAsync(open, ClosureRestore.Create(r), cancellation),
                        columns: null,
                        cancellation
                    )
                    .ConfigureAwait(false);
            if (reason is null || !IsLeftOut(build.Refused))
            {
                beside = reason is null ? build : null;
                UnderLock = reason is null ? null : BesideBuild.UnderLock(name, target, reason);
                return beside is not null;
            }
        }

        return false;

        bool IsLeftOut(object? refused) =>
            refused is not null
            && later is not null
            && $"{refused}" != name.ToString()
            && later.Names.Contains($"{refused}", StringComparer.Ordinal)
            && without.Add($"{refused}");
    }

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        var taken = seen is null
            ? []
            : await ViewWork.LockAsync(open, ClosureRestore.Lock(seen), cancellation).ConfigureAwait(false);
        var current = await ReadAsync(open, cancellation).ConfigureAwait(false);
        IsOutdated =
            taken.Count > 0 || (Expected is not null && ClosureComparison.Differences(Expected, current).Count > 0);
        if (IsOutdated)
        {
            return Outdated;
        }

        if (WouldBeDropped(current) is { } dependents)
        {
            return dependents;
        }

        if (beside is not null)
        {
            return await SwapAsync(open, beside, current, cancellation).ConfigureAwait(false)
                ?? await CheckAsync(open, cancellation).ConfigureAwait(false);
        }

        var target = Target(current);
        if (ClosureComparison.Differences(current, target).Count == 0)
        {
            return null;
        }

        if (!await ReplaceAsync(open, current, target, cancellation).ConfigureAwait(false))
        {
            if (
                seen is not null
                && !mustRecreate
                && UnderLock is null
                && target is not null
                && BesideBuild.Pays(target)
            )
            {
                // Nobody shall wait for what can be built beside, now that it is known to be needed.
                (mustRecreate, MustBeRepeated) = (true, true);
                return Outdated;
            }

            current = await ReadAsync(open, cancellation).ConfigureAwait(false);
            await RestoreAsync(open, current, cancellation).ConfigureAwait(false);
        }

        return await CheckAsync(open, cancellation).ConfigureAwait(false);
    }

    public Message Explain(PostgresException error, object? about) => ViewWork.Explain(error, about, name);

    private RelationClosure? Target(RelationClosure? current) =>
        wanted is null ? null
        : later is null ? ClosureRestore.Target(current, wanted)
        : later.Target(current, wanted, without);

    /// <summary>
    /// Drops what is there and creates what was there before. What others made of a dependent since, or added, may not fit it: then it is
    /// left out, and told afterwards. What belongs to a table, such as a policy, is not: it guards what stays.
    /// </summary>
    private async Task RestoreAsync(OpenTry open, RelationClosure? current, CancellationToken cancellation)
    {
        while (later is not null && wanted is not null)
        {
            var target = later.Target(current, wanted, without);
            var reason = await open.OrRolledBackAsync(
                    name,
                    async () =>
                    {
                        await RunAsync(target).ConfigureAwait(false);
                        return null;
                    },
                    cancellation
                )
                .ConfigureAwait(false);
            if (reason is null)
            {
                return;
            }

            if (open.Doing is CapturedObject { Table: not null } || !LeaveOut(open.Doing))
            {
                await RunAsync(target).ConfigureAwait(false);
                return;
            }
        }

        await ViewWork.RunAsync(open, ClosureRestore.Statements(current, wanted), cancellation).ConfigureAwait(false);

        // What failed, and where that was not enough, everything.
        bool LeaveOut(object? failed)
        {
            var count = without.Count;
            if (failed is null || !without.Add($"{failed}"))
            {
                without.UnionWith(later.Names);
            }

            return without.Count > count;
        }

        Task RunAsync(RelationClosure target) =>
            ViewWork.RunAsync(
                open,
                [.. current is null ? [] : ClosureRestore.Drop(current), .. ClosureRestore.Everything(target)],
                cancellation
            );
    }

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

    private Message Outdated => Message.Of("migrations.view.back-outdated", ("relation", name));

    /// <summary>Lets what was built take the place of what is there. What no longer fits is built once more, at most three times in all, and what PostgreSQL refuses is not.</summary>
    /// <returns>Why it did not; null when it did.</returns>
    private async Task<Message?> SwapAsync(
        OpenTry open,
        BesideBuild built,
        RelationClosure? current,
        CancellationToken cancellation
    )
    {
        if (
            ClosureComparison.Differences(seen, current).Count > 0
            || (await built.RefreshedAsync(open, cancellation).ConfigureAwait(false)).Count > 0
        )
        {
            notSwapped = ++outdated < Builds ? null : Message.Of("migrations.beside.outdated", ("builds", Builds));
            MustBeRepeated = true;
            return Outdated;
        }

        var reason = await built.SwapAsync(open, cancellation).ConfigureAwait(false);
        MustBeRepeated = reason is not null;
        notSwapped = reason is null || IsUnfit(reason) ? null : reason;
        return reason;

        // A function of others, most often; what belongs to a table guards what stays.
        bool IsUnfit(Message refusal) =>
            refusal.Code == "migrations.beside.refused"
            && open.Doing is CapturedObject { Table: null } thing
            && later?.Names.Contains($"{thing}", StringComparer.Ordinal) == true
            && unfit.Add($"{thing}");
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
    private async Task<bool> ReplaceAsync(
        OpenTry open,
        RelationClosure? current,
        RelationClosure? target,
        CancellationToken cancellation
    )
    {
        if (current is null || target is null || !IsReplaceable(current, target))
        {
            return false;
        }

        await ViewWork
            .RunAsync(open, [ClosureRestore.Replace(target.Relation, target.Relation.Definition)], cancellation)
            .ConfigureAwait(false);
        var now = await ReadAsync(open, cancellation).ConfigureAwait(false);
        return ClosureComparison
            .Differences(now, target)
            .All(d => d.Part == ClosurePart.Definition && d.Relation == name);
    }

    private async Task<RelationClosure?> ReadAsync(OpenTry open, CancellationToken cancellation) =>
        (await ClosureCapture.ReadAsync(open.Session, name, cancellation).ConfigureAwait(false)).ClosureOrNull;
}
