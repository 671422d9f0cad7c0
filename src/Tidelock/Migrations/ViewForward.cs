using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Gives a view its new definition: replaced in place where PostgreSQL can, else dropped and created with everything that hung on it and
/// every dependent put back. Materialized views, itself or dependents, are filled beside, before anything is locked.
/// </summary>
internal sealed class ViewForward(ViewMigration migration, RelationClosure? before) : IMigrationMove
{
    /// <summary>Under the locks nothing is left to do but DDL and a look into the catalogs, unless something is filled there.</summary>
    private static readonly TimeSpan StandardHeld = TimeSpan.FromSeconds(10);

    private IReadOnlyList<CapturedColumn>? columns;
    private BesideBuild? beside;

    /// <summary>Why what was built beside did not take the place of what is there; null where that was not tried or not refused.</summary>
    private Message? notSwapped;

    public TimeSpan? Held => migration.Locks.Held ?? StandardHeld;

    public FilledUnderLock? UnderLock { get; private set; }

    public bool MustBeRepeated { get; private set; }

    public async Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation)
    {
        if (await ColumnsAsync(session, cancellation).ConfigureAwait(false) is { } mistake)
        {
            return new MovePreparation([], mistake);
        }

        if (before is null)
        {
            return new MovePreparation([], null);
        }

        if (!MustRecreate)
        {
            return new MovePreparation([migration.Name], null);
        }

        return await RefusalAsync(session, before, cancellation).ConfigureAwait(false) is { } refusal
            ? MovePreparation.Refuse(refusal)
            : ViewWork.Locks(before);
    }

    public async Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation)
    {
        (beside, UnderLock, MustBeRepeated) = (null, null, false);
        if (before is null || !MustRecreate || !BesideBuild.Pays(before))
        {
            return false;
        }

        var build = new BesideBuild(migration.Name, before, before);
        var reason =
            notSwapped
            ?? BesideBuild.Obstacle(before, before)
            ?? await build
                .BuildAsync(open, r => CreateAsync(open, r, cancellation), ColumnNames, cancellation)
                .ConfigureAwait(false);
        beside = reason is null ? build : null;
        UnderLock = reason is null ? null : BesideBuild.UnderLock(migration.Name, before, reason);
        return beside is not null;
    }

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        // After a long building, before anybody waits: whoever owns it now need not let the deployer lock it.
        if (beside is not null && await MeanwhileAsync(open, cancellation).ConfigureAwait(false) is { } early)
        {
            return early;
        }

        if (before is not null)
        {
            var locks = MustRecreate ? ClosureRestore.Lock(before) : [ClosureRestore.Lock(before.Relation)];
            var taken = await ViewWork.LockAsync(open, locks, cancellation).ConfigureAwait(false);
            if (taken.Count > 0)
            {
                return Meanwhile(taken.Select(r => $"{r}: owner"));
            }
        }

        if (await MeanwhileAsync(open, cancellation).ConfigureAwait(false) is { } meanwhile)
        {
            return meanwhile;
        }

        if (await RefreshedAsync(open, cancellation).ConfigureAwait(false) is { } refreshed)
        {
            return refreshed;
        }

        if (await ChangeAsync(open, cancellation).ConfigureAwait(false) is { } otherwise)
        {
            return otherwise;
        }

        if (
            await ViewWork.OtherColumnsAsync(open, migration.Name, columns!, cancellation).ConfigureAwait(false) is
            { } other
        )
        {
            return other;
        }

        await ViewWork.PlanAsync(open, migration.Name, cancellation).ConfigureAwait(false);
        return null;
    }

    public Message Explain(PostgresException error, object? about) => ViewWork.Explain(error, about, migration.Name);

    /// <summary>Why nothing must be changed: what is there is not what the change was worked out for.</summary>
    private async Task<Message?> MeanwhileAsync(OpenTry open, CancellationToken cancellation)
    {
        var current = await ClosureCapture.ReadAsync(open.Session, migration.Name, cancellation).ConfigureAwait(false);
        var meanwhile = ClosureComparison.Differences(before, current.ClosureOrNull);
        return meanwhile.Count == 0 && current is not CaptureResult.NotAView
            ? null
            : Meanwhile(meanwhile.Select(d => $"{d.Relation}: {d.What}"));
    }

    private Message Meanwhile(IEnumerable<string> changes) =>
        Message.Of(
            "migrations.view.changed-meanwhile",
            ("relation", migration.Name),
            ("what", string.Join(", ", changes.Take(5)))
        );

    private bool MustRecreate =>
        before!.Relation.Kind == RelationKind.MaterializedView || !ViewWork.Extends(before.Relation.Columns, columns!);

    private async Task<MigrationOutcome.Failed?> ColumnsAsync(PostgresSession session, CancellationToken cancellation)
    {
        if (columns is not null)
        {
            return null;
        }

        var candidate = new CandidateColumns(
            migration.Name.Schema,
            migration.Definition,
            before is null || ViewPlan.IsReadAsInvoker(before.Relation) ? null : before.Relation.Owner
        );
        try
        {
            columns = await candidate.ReadAsync(session, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e)
            when (!MigrationTransaction.MayBeRepeated(e) && !ConnectionLoss.EndsSession(e.SqlState))
        {
            var about = candidate.Planning ? (object)new PlannedView(migration.Name) : candidate.Statement;
            return new MigrationOutcome.Failed(e.SqlState, Explain(e, about));
        }
    }

    private async Task<Message?> RefusalAsync(
        PostgresSession session,
        RelationClosure there,
        CancellationToken cancellation
    ) =>
        migration.Dependents == DependentsPolicy.Refuse && there.DependentNames.Any()
            ? Message.Of(
                "migrations.view.dependents-refused",
                ("relation", migration.Name),
                ("dependents", string.Join(", ", there.DependentNames))
            )
            : await IndexedColumns.GoneAsync(session, there, ColumnNames, cancellation).ConfigureAwait(false)
                ?? await ViewWork.CannotPutBackAsync(session, there, cancellation).ConfigureAwait(false);

    /// <summary>That what was built beside is older than what is there.</summary>
    private async Task<Message?> RefreshedAsync(OpenTry open, CancellationToken cancellation)
    {
        IReadOnlyList<RelationName> views = beside is null
            ? []
            : await beside.RefreshedAsync(open, cancellation).ConfigureAwait(false);
        return views.Count == 0
            ? null
            : Message.Of(
                "migrations.view.refreshed-meanwhile",
                ("relation", migration.Name),
                ("views", string.Join(", ", views))
            );
    }

    /// <returns>Why it must be done in another way.</returns>
    private async Task<Message?> ChangeAsync(OpenTry open, CancellationToken cancellation)
    {
        if (before is null)
        {
            await DefineAsync(open, ($"create view {migration.Name.Sql} as\n", ""), cancellation).ConfigureAwait(false);
        }
        else if (MustRecreate)
        {
            return await RecreateAsync(open, before, cancellation).ConfigureAwait(false);
        }
        else
        {
            var replace = ClosureRestore.Replace(before.Relation, "").Sql;
            await DefineAsync(open, (replace, ""), cancellation).ConfigureAwait(false);
        }

        return null;
    }

    private async Task<Message?> RecreateAsync(OpenTry open, RelationClosure there, CancellationToken cancellation)
    {
        if (beside is not null)
        {
            notSwapped = await beside.SwapAsync(open, cancellation).ConfigureAwait(false);
            MustBeRepeated = notSwapped is not null;
            return notSwapped;
        }

        await ViewWork.RunAsync(open, ClosureRestore.Drop(there), cancellation).ConfigureAwait(false);
        await CreateAsync(open, there.Relation, cancellation).ConfigureAwait(false);
        await ViewWork
            .RunAsync(
                open,
                [
                    .. ClosureRestore.CreateDependents(there),
                    .. ClosureRestore.Attach(there.Relation, ColumnNames),
                    .. there.Dependents.SelectMany(d => ClosureRestore.Attach(d)),
                    .. there.All.SelectMany(ClosureRestore.Populate),
                ],
                cancellation
            )
            .ConfigureAwait(false);
        return null;
    }

    private List<string> ColumnNames => columns!.Select(c => c.Name).ToList();

    private async Task CreateAsync(OpenTry open, CapturedRelation relation, CancellationToken cancellation)
    {
        await DefineAsync(open, ClosureRestore.Frame(relation), cancellation).ConfigureAwait(false);
        await ViewWork.RunAsync(open, ClosureRestore.OwnerAndMembership(relation), cancellation).ConfigureAwait(false);
    }

    private async Task DefineAsync(OpenTry open, (string Before, string After) frame, CancellationToken cancellation)
    {
        var sql = new AuthorsSql(migration.Definition, frame.Before, frame.After);
        await open.ExecuteAsync(CandidateColumns.SearchPath(migration.Name.Schema), sql, cancellation)
            .ConfigureAwait(false);
        await open.ExecuteAsync(sql.Sql, sql, cancellation).ConfigureAwait(false);
        await open.ExecuteAsync("set local search_path to pg_catalog", sql, cancellation).ConfigureAwait(false);
    }
}
