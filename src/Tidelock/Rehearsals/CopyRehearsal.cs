using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Goes there and back on a copy, by the moves a run would make, and compares what was there with what is there afterwards.</summary>
internal sealed class CopyRehearsal(SchemaCopy copy, Change change, MigrationTransaction transaction, TimeProvider time)
{
    private readonly Migration migration = change.Section<Migration>();
    private readonly ToolRehearsal? tool = change.Section<Migration>() is ToolMigration by
        ? new ToolRehearsal(by, copy, time)
        : null;

    public async Task<WayRehearsal> RunAsync(WayRehearsal start, CancellationToken cancellation)
    {
        await using var session = await copy.OpenAsync(cancellation).ConfigureAwait(false);
        var (way, refusal) = await BeginAsync(session, start, cancellation).ConfigureAwait(false);
        if (way is null)
        {
            return start with { Problem = refusal };
        }

        await using (way)
        {
            var there = await GoAsync(way, start, cancellation).ConfigureAwait(false);
            if (there.Problem is not null || there.IsByRestore)
            {
                return there.Problem is null
                    ? await DownTooAsync(session, there, way.Old, cancellation).ConfigureAwait(false)
                    : there;
            }

            var back = await ReturnAsync(way, there, cancellation).ConfigureAwait(false);
            return back.Problem is null && back.Method != "downgrade"
                ? await DownTooAsync(session, back, way.Old, cancellation).ConfigureAwait(false)
                : back;
        }
    }

    /// <summary>Looks at what is there before the change; or says why there is no way from here.</summary>
    /// <param name="session">On the copy, as the role that makes moves; stays the caller's.</param>
    public async Task<(CopyWay? Way, Message? Refusal)> BeginAsync(
        PostgresSession session,
        WayRehearsal start,
        CancellationToken cancellation
    )
    {
        if (tool is not null && await tool.MarkAsync(start.Path!, cancellation).ConfigureAwait(false) is { } unmarked)
        {
            return (null, unmarked);
        }

        var trace = await copy.TraceAsync(cancellation).ConfigureAwait(false);
        try
        {
            var (old, refusal) = await LookAsync(session, start.Relation, cancellation).ConfigureAwait(false);
            if (refusal is null)
            {
                var objects = await PresentAsync(session, cancellation).ConfigureAwait(false);
                return (new CopyWay(session, trace, old, objects), null);
            }

            await trace.DisposeAsync().ConfigureAwait(false);
            return (null, refusal);
        }
        catch
        {
            await trace.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The way there. It may be gone again, once it was gone back.</summary>
    public async Task<WayRehearsal> GoAsync(CopyWay way, WayRehearsal start, CancellationToken cancellation)
    {
        var there = await ForwardAsync(way.Session, start with { Before = way.Old.Closure }, cancellation)
            .ConfigureAwait(false);
        there = there with { Statements = await way.Trace.TakeAsync(cancellation).ConfigureAwait(false) };
        if (way.Objects is null || there.ForwardTook is null)
        {
            return there;
        }

        var now = await PresentObjects.ReadAsync(way.Session, parts: true, cancellation).ConfigureAwait(false);
        return CascadeLoss.Judge(there, migration, way.Objects, now);
    }

    /// <summary>The way back by the change's method, and the comparison with what was there before.</summary>
    public async Task<WayRehearsal> ReturnAsync(CopyWay way, WayRehearsal there, CancellationToken cancellation)
    {
        var back = await BackAsync(way.Session, there, way.Old, cancellation).ConfigureAwait(false);
        back = back with { BackStatements = await way.Trace.TakeAsync(cancellation).ConfigureAwait(false) };
        if (way.Objects is null || back is not { Problem: null, Method: not "downgrade" })
        {
            return back;
        }

        var now = await PresentObjects.ReadAsync(way.Session, parts: true, cancellation).ConfigureAwait(false);
        return CascadeLoss.JudgeBack(back, migration, way.Objects.LostIn(now));
    }

    /// <summary>What is there before SQL of the author's runs; null where none does, because Tidelock itself drops one by one.</summary>
    private async Task<PresentObjects?> PresentAsync(PostgresSession session, CancellationToken cancellation) =>
        migration is ViewMigration
            ? null
            : await PresentObjects.ReadAsync(session, parts: true, cancellation).ConfigureAwait(false);

    private async Task<WayRehearsal> ForwardAsync(
        PostgresSession session,
        WayRehearsal start,
        CancellationToken cancellation
    )
    {
        var oid = await OidAsync(session, start.Relation, cancellation).ConfigureAwait(false);
        var outcome = tool is null
            ? await ThereAsync(session, start, cancellation).ConfigureAwait(false)
            : await tool.GoAsync(start.Path!, ToolDirection.Up, cancellation).ConfigureAwait(false);
        if (outcome is not MigrationOutcome.Applied applied)
        {
            return start with { Problem = Message.Of("rehearsals.forward", ("reason", outcome.Finding)) };
        }

        var (now, refusal) = await LookAsync(session, start.Relation, cancellation).ConfigureAwait(false);
        var differences = await ClosureComparison
            .DifferencesAsync(session, start.Before, now.Closure, cancellation)
            .ConfigureAwait(false);
        var there = start with
        {
            Warnings = applied.UnderLock is { } waits ? [.. start.Warnings, waits.Foretold] : start.Warnings,
            ForwardTook = applied.Took,
            After = now.Closure,
            Differences = differences,
            Recreates =
                oid is not null && oid != await OidAsync(session, start.Relation, cancellation).ConfigureAwait(false),
        };
        return there with
        {
            Problem =
                refusal ?? await DriftAsync(session, cancellation).ConfigureAwait(false) ?? Surprises(there, migration),
        };
    }

    private async Task<WayRehearsal> BackAsync(
        PostgresSession session,
        WayRehearsal there,
        CopyState old,
        CancellationToken cancellation
    )
    {
        if (tool is not null && there.Method == "downgrade")
        {
            return await BackByToolAsync(session, tool, there, old, cancellation).ConfigureAwait(false);
        }

        if (Way(there) is not { } move)
        {
            return there with { Problem = Message.Of("rehearsals.no-way", ("method", there.Method)) };
        }

        var outcome =
            there.Method == "downgrade"
                ? await DownAsync(session, move, cancellation).ConfigureAwait(false)
                : await MoveAsync(session, move, cancellation).ConfigureAwait(false);
        if (outcome is not MigrationOutcome.Applied applied)
        {
            var problem = Message.Of("rehearsals.back", ("method", there.Method), ("reason", outcome.Finding));
            return there with { Problem = problem };
        }

        var (differences, rest) = await CompareAsync(session, there, old, cancellation).ConfigureAwait(false);
        if (there.Method == "downgrade" || there.Relation is null)
        {
            (differences, rest) = ([.. differences, .. rest], []);
        }

        return there with
        {
            BackTook = applied.Took,
            Problem =
                differences.Count == 0
                    ? null
                    : Message.Of(
                        "rehearsals.not-back",
                        ("method", there.Method),
                        ("count", differences.Count),
                        ("differences", Several.Of(differences))
                    ),
            Warnings =
            [
                .. there.Warnings,
                .. applied.UnderLock is { } waits ? [waits.ForetoldBack] : Array.Empty<Message>(),
                .. rest.Count == 0
                    ? Array.Empty<Message>()
                    : [Message.Of("rehearsals.rest", ("differences", Several.Of(rest)))],
                .. there.Path is { } path
                    ? [Message.Of("rehearsals.tool.record", ("revision", path.To), ("before", path.From))]
                    : Array.Empty<Message>(),
                .. there is { Method: "definition", Before.Relation.IsFilled: true }
                    ? [Message.Of("rehearsals.filled-anew", ("relation", there.Relation))]
                    : Array.Empty<Message>(),
            ],
        };
    }

    /// <summary>The tool goes back for real; what that loses is said, and put back as the run would put it back.</summary>
    private async Task<WayRehearsal> BackByToolAsync(
        PostgresSession session,
        ToolRehearsal by,
        WayRehearsal there,
        CopyState old,
        CancellationToken cancellation
    )
    {
        var outcome = await by.GoAsync(there.Path!, ToolDirection.Down, cancellation).ConfigureAwait(false);
        if (outcome is not MigrationOutcome.Applied applied)
        {
            var problem = Message.Of("rehearsals.back", ("method", there.Method), ("reason", outcome.Finding));
            return there with { Problem = problem };
        }

        var took = applied.Took;
        var (lost, rest) = await CompareAsync(session, there, old, cancellation).ConfigureAwait(false);
        if (lost.Count > 0 && there.Relation is not null)
        {
            var loses = Message.Of(
                "rehearsals.tool.loses",
                ("count", lost.Count),
                ("differences", Several.Of(lost)),
                ("relation", there.Relation)
            );
            there = there with { Warnings = [.. there.Warnings, loses] };
            var good = await MoveAsync(session, new ClosureMove(there.Relation, there.Before), cancellation)
                .ConfigureAwait(false);
            if (good is not MigrationOutcome.Applied made)
            {
                var problem = Message.Of("rehearsals.back", ("method", there.Method), ("reason", good.Finding));
                return there with { Problem = problem };
            }

            took += made.Took;
            there = made.UnderLock is { } waits
                ? there with
                {
                    Warnings = [.. there.Warnings, waits.ForetoldBack],
                }
                : there;
            (lost, rest) = await CompareAsync(session, there, old, cancellation).ConfigureAwait(false);
        }

        IReadOnlyList<Message> left = [.. lost, .. rest];
        return there with
        {
            BackTook = took,
            Problem =
                left.Count == 0
                    ? null
                    : Message.Of(
                        "rehearsals.not-back",
                        ("method", there.Method),
                        ("count", left.Count),
                        ("differences", Several.Of(left))
                    ),
        };
    }

    /// <summary>People reach for the down file by hand, so whether it leads back is said though another method is chosen.</summary>
    private async Task<WayRehearsal> DownTooAsync(
        PostgresSession session,
        WayRehearsal result,
        CopyState old,
        CancellationToken cancellation
    )
    {
        if (migration is not { Down: { } file } || migration.Backward() is not { } move)
        {
            return result;
        }

        var again = result.IsByRestore ? null : await ThereAsync(session, result, cancellation).ConfigureAwait(false);
        var outcome = again is null or MigrationOutcome.Applied
            ? await DownAsync(session, move, cancellation).ConfigureAwait(false)
            : again;
        if (outcome is not MigrationOutcome.Applied)
        {
            return Warn(Message.Of("rehearsals.down.fails", ("file", file.Path), ("reason", outcome.Finding)));
        }

        var (differences, rest) = await CompareAsync(session, result, old, cancellation).ConfigureAwait(false);
        return differences.Count + rest.Count == 0
            ? result
            : Warn(
                Message.Of(
                    "rehearsals.down.not-back",
                    ("file", file.Path),
                    ("differences", Several.Of([.. differences, .. rest]))
                )
            );

        WayRehearsal Warn(Message warning) => result with { Warnings = [.. result.Warnings, warning] };
    }

    private IMigrationMove? Way(WayRehearsal there) =>
        there.Method == "downgrade" ? migration.Backward()
        : there.Relation is null ? null
        : new ClosureMove(there.Relation, there.Before);

    private async Task<(IReadOnlyList<Message> Closure, IReadOnlyList<Message> Others)> CompareAsync(
        PostgresSession session,
        WayRehearsal there,
        CopyState old,
        CancellationToken cancellation
    )
    {
        var (now, refusal) = await LookAsync(session, there.Relation, cancellation).ConfigureAwait(false);
        if (refusal is not null)
        {
            return ([refusal], []);
        }

        var differences = await old.DifferencesAsync(session, now, cancellation).ConfigureAwait(false);
        return (differences, differences.Count > 0 ? [] : old.RestOf(now, viewsToo: there.Relation is null));
    }

    private async Task<Message?> DriftAsync(PostgresSession session, CancellationToken cancellation)
    {
        var contract = change.Section<Contract>();
        var drift = await ContractVerifier.ShapeAsync(session, contract, cancellation).ConfigureAwait(false);
        return drift.Count == 0
            ? null
            : Message.Of("rehearsals.contract", ("relation", contract.Relation), ("drift", Several.Of(drift)));
    }

    /// <summary>What the step <c>verify</c> would find after the migration is found before it.</summary>
    public static Message? Surprises(WayRehearsal there, Migration migration)
    {
        List<ClosureDifference> unexpected = there is { Relation: { } relation, Before: not null }
            ? [.. ClosureComparison.Unexpected(there.Differences, relation).Where(d => !migration.MayDrop(d, relation))]
            : [];
        return unexpected.Count == 0
            ? null
            : Message.Of("rehearsals.surprises", ("differences", Several.Of(unexpected.Texts())));
    }

    private async Task<(CopyState State, Message? Refusal)> LookAsync(
        PostgresSession session,
        RelationName? relation,
        CancellationToken cancellation
    )
    {
        var found = relation is null
            ? null
            : await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false);
        var schema =
            migration is not ViewMigration || migration.Down is not null
                ? await copy.ReadAsync(cancellation).ConfigureAwait(false)
                : null;
        return (
            new CopyState(found?.ClosureOrNull, schema),
            found is CaptureResult.NotAView other
                ? Message.Of("relations.not-a-view", ("relation", relation), ("kind", other.Kind))
                : null
        );
    }

    private Task<MigrationOutcome> ThereAsync(
        PostgresSession session,
        WayRehearsal start,
        CancellationToken cancellation
    ) =>
        migration is StatementsMigration file
            ? RunAsync(file.Up, StatementDirection.There, cancellation)
            : MoveAsync(session, migration.Forward(start.Before), cancellation);

    private Task<MigrationOutcome> DownAsync(
        PostgresSession session,
        IMigrationMove move,
        CancellationToken cancellation
    ) =>
        migration is StatementsMigration { Down: { } down }
            ? RunAsync(down, StatementDirection.Back, cancellation)
            : MoveAsync(session, move, cancellation);

    /// <summary>Statement by statement, each committed on the copy.</summary>
    private Task<MigrationOutcome> RunAsync(
        ChangeFile file,
        StatementDirection direction,
        CancellationToken cancellation
    )
    {
        var journal = new StatementJournal(
            copy.OpenAsync,
            static () => null,
            static (_, _) => Task.CompletedTask,
            static _ => { }
        );
        return new StatementRun(StatementFile.Read(file), direction, migration.Locks, journal, time).RunAsync(
            cancellation
        );
    }

    private Task<MigrationOutcome> MoveAsync(
        PostgresSession session,
        IMigrationMove move,
        CancellationToken cancellation
    ) =>
        transaction.RunAsync(
            session,
            move,
            migration.Locks,
            static (_, _) => Task.CompletedTask,
            null,
            static _ => { },
            cancellation
        );

    private static async Task<uint?> OidAsync(
        PostgresSession session,
        RelationName? relation,
        CancellationToken cancellation
    ) =>
        relation is null
            ? null
            : await session
                .ScalarAsync<uint?>($"select to_regclass({Identifiers.Literal(relation.Sql)})::oid", cancellation)
                .ConfigureAwait(false);
}
