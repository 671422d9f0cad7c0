using Npgsql;
using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>The way on a restored copy: what was there before, the change, its way back, and the change again. The parts are called in order.</summary>
internal sealed class DataWalk(
    DataRehearsalOrder order,
    SchemaCopy copy,
    WayRehearsal start,
    RelationClosure? target,
    IReadOnlyList<RelationName> tables,
    bool isSubset,
    TimeSpan restoreTook,
    TimeSpan decrypting,
    MigrationTransaction transaction,
    TimeProvider time
) : IAsyncDisposable
{
    /// <summary>For one evaluation of a relation that cannot be evaluated on the copy.</summary>
    private static readonly TimeSpan TargetLimit = TimeSpan.FromMinutes(1);

    private readonly Change change = order.Change;
    private readonly CopyRehearsal rehearsal = new(copy, order.Change, transaction, time);
    private readonly CopyChecks checks = new(order.Change, copy.OpenAsync, order.OpenTargetAsync, time);
    private readonly List<Message> notes = [];
    private bool isRead = true;
    private bool isOldRead = true;
    private PostgresSession? session;
    private CopyWay? way;
    private SchemaText? schema;
    private CopyContent? before;
    private WayRehearsal? went;

    /// <summary>What could not be looked at, or is otherwise than one would think.</summary>
    public IReadOnlyList<Message> Notes => notes;

    /// <summary>The target's closure, every row, every query: as on the target.</summary>
    public async Task<PartEnd> BeforeAsync(CancellationToken cancellation)
    {
        if (await OutsideAsync(start.Relation, cancellation).ConfigureAwait(false) is { } outside)
        {
            isRead = false;
            notes.Add(outside);
        }

        if (await BeginAsync(cancellation).ConfigureAwait(false) is { } refusal)
        {
            return PartEnd.Bad(refusal);
        }

        var others = await ClosureComparison
            .DifferencesAsync(session!, target?.Lasting, way!.Old.Closure, cancellation)
            .ConfigureAwait(false);
        if (others.Count > 0)
        {
            return PartEnd.Bad(
                Message.Of(
                    "rehearsals.data.not-as-target",
                    ("relation", start.Relation),
                    ("differences", Several.Of(others.Texts()))
                )
            );
        }

        try
        {
            before = await ContentAsync(cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e) when (isRead && !ConnectionLoss.EndsSession(e.SqlState))
        {
            if (!await FailsOnTargetAsync(e.SqlState, cancellation).ConfigureAwait(false))
            {
                throw;
            }

            // A change may be made to mend just that.
            isOldRead = false;
            notes.Add(
                Message.Of("rehearsals.data.broken-there-too", ("relation", start.Relation), ("reason", e.MessageText))
            );
            before = await ContentAsync(cancellation).ConfigureAwait(false);
        }

        return await CheckedBeforeAsync(cancellation).ConfigureAwait(false);
    }

    private Task<bool> FailsOnTargetAsync(string state, CancellationToken cancellation) =>
        order.AskTargetAsync(target => FailsAsync(target, state, cancellation), cancellation);

    private async Task<bool> FailsAsync(PostgresSession target, string state, CancellationToken cancellation)
    {
        var read = new BoundedRead(target, TargetLimit, time);
        try
        {
            await read.RunAsync(
                    ["pg_catalog"],
                    token => read.RowsAsync($"select sum(length(r::text)) from {start.Relation!.Sql} r", 0, token),
                    cancellation
                )
                .ConfigureAwait(false);
            return false;
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return string.Equals(e.SqlState, state, StringComparison.Ordinal);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<PartEnd> CheckedBeforeAsync(CancellationToken cancellation)
    {
        var asked = 0;
        if (isRead && checks.Count > 0)
        {
            var (problems, unanswered, ofTheNew) = await checks.BeforeAsync(cancellation).ConfigureAwait(false);
            NoteLeftOut();
            if (unanswered.Count > 0)
            {
                var unknown = Message.Of("rehearsals.data.check-unanswered", ("finding", Several.Of(unanswered)));
                if (!isSubset)
                {
                    return PartEnd.Bad(unknown);
                }

                notes.Add(unknown);
            }

            if (problems.Count > 0 && !isSubset)
            {
                return PartEnd.Bad(Message.Of("rehearsals.data.check-only-here", ("finding", Several.Of(problems))));
            }

            asked = checks.Count - ofTheNew - problems.Count - unanswered.Count;
            if (problems.Count > 0)
            {
                notes.Add(Message.Of("rehearsals.data.check-subset", ("finding", Several.Of(problems))));
            }

            if (ofTheNew > 0)
            {
                notes.Add(Message.Of("rehearsals.data.check-of-new", ("count", ofTheNew)));
            }
        }

        return PartEnd.Good(
            start.Relation is null
                ? Message.Of("rehearsals.data.before-tables", ("tables", tables.Count), ("checks", asked))
            : before!.Relation is { } rows
                ? Message.Of("rehearsals.data.before", ("rows", rows.Rows), ("checks", asked))
            : Message.Of("rehearsals.data.before-shape", ("relation", start.Relation))
        );
    }

    private void NoteLeftOut()
    {
        if (checks.TakeLeftOut() is { Count: > 0 } left)
        {
            notes.Add(Message.Of("rehearsals.data.check-foreign", ("queries", string.Join(", ", left))));
        }
    }

    public async Task<PartEnd> MigrateAsync(CancellationToken cancellation)
    {
        went = await rehearsal.GoAsync(way!, start, cancellation).ConfigureAwait(false);
        return went.ForwardTook is { } took
            ? new PartEnd(true, took, Message.Of("rehearsals.data.migrated"))
            : PartEnd.Bad(went.Problem!);
    }

    /// <summary>What the steps verify and smoke would find.</summary>
    public async Task<PartEnd> VerifyAsync(CancellationToken cancellation)
    {
        if (went!.Problem is { } problem)
        {
            return PartEnd.Bad(problem);
        }

        var contract = change.Section<Contract>();
        var outside = isRead ? await OutsideAsync(contract.Relation, cancellation).ConfigureAwait(false) : null;
        if (outside is not null)
        {
            notes.Add(outside);
        }

        if (!isRead || outside is not null)
        {
            return PartEnd.Good(Message.Of("rehearsals.data.verified-shape"));
        }

        var read = new BoundedRead(session!, order.Options.Rehearsal.Within, time);
        var content = await ContractVerifier.ContentAsync(read, contract, cancellation).ConfigureAwait(false);
        if (!content.Hold)
        {
            return PartEnd.Bad(
                Message.Of(
                    "rehearsals.data.contract",
                    ("relation", contract.Relation),
                    ("violations", Several.Of(content.Violations))
                )
            );
        }

        if (contract.Relation is not null && content.Rows == 0 && before!.Relation?.Rows > 0)
        {
            return PartEnd.Bad(
                Message.Of("rehearsals.data.emptied", ("relation", contract.Relation), ("rows", before.Relation.Rows))
            );
        }

        var (broken, others) = await checks.AfterAsync(cancellation).ConfigureAwait(false);
        NoteLeftOut();
        if (broken.Count > 0 || (others.Count > 0 && !isSubset))
        {
            // On a part of the data only what held there before tells anything.
            var failures = isSubset ? broken : [.. broken, .. others];
            return PartEnd.Bad(Message.Of("rehearsals.data.check", ("finding", Several.Of(failures))));
        }

        if (others.Count > 0)
        {
            notes.Add(Message.Of("rehearsals.data.check-subset-after", ("finding", Several.Of(others))));
        }

        return PartEnd.Good(
            contract.Relation is null
                ? Message.Of("rehearsals.data.verified-checks", ("checks", checks.Count - others.Count))
                : Message.Of(
                    "rehearsals.data.verified",
                    ("rows", content.Rows),
                    ("checks", checks.Count - others.Count)
                )
        );
    }

    /// <summary>By the change's method. A restore is one more of the same backup, into a new database or over this one.</summary>
    public async Task<PartEnd> BackAsync(BackupPlace place, CancellationToken cancellation)
    {
        var done = Message.Of("rehearsals.data.back", ("method", start.Method));
        if (start.IsByRestore)
        {
            await way!.Trace.RemoveAsync(cancellation).ConfigureAwait(false);
            await EndAsync().ConfigureAwait(false);
            var (restored, problem) =
                start.Method is InPlaceRollback.MethodName
                    ? await OverAsync(place, cancellation).ConfigureAwait(false)
                    : await place.RestoreAsync(cancellation).ConfigureAwait(false);
            return problem is null ? new PartEnd(true, restored + decrypting, done) : PartEnd.Bad(problem);
        }

        went = await rehearsal.ReturnAsync(way!, went!, cancellation).ConfigureAwait(false);
        return went.BackTook is { } took ? new PartEnd(true, took, done) : PartEnd.Bad(went.Problem!);
    }

    /// <summary>In one transaction or by several jobs, as it would be on the target.</summary>
    private async Task<(TimeSpan Took, Message? Problem)> OverAsync(BackupPlace place, CancellationToken cancellation)
    {
        var tooLarge = await order
            .AskTargetAsync(
                target => InPlaceFit.TooLargeAsync(target, restoreTook, order.Options.Jobs, cancellation),
                cancellation
            )
            .ConfigureAwait(false);
        return await place
            .RestoreOverAsync(
                change.Section<Migration>().Locks,
                tooLarge is null ? null : order.Options.Jobs,
                cancellation
            )
            .ConfigureAwait(false);
    }

    public async Task<PartEnd> CompareAsync(CancellationToken cancellation)
    {
        var differences =
            start.IsByRestore ? await RestoredAsync(cancellation).ConfigureAwait(false)
            : went!.Problem is { } problem ? [problem]
            : [];
        if (differences.Count == 0)
        {
            differences = await ContentDifferencesAsync(cancellation).ConfigureAwait(false);
        }

        return differences.Count > 0
            ? PartEnd.Bad(
                differences is [{ Code: not ("rehearsals.data.other-rows" or "rehearsals.data.other-values") } one]
                    ? one
                    : Message.Of(
                        "rehearsals.not-back",
                        ("method", start.Method),
                        ("count", differences.Count),
                        ("differences", Several.Of(differences))
                    )
            )
            : PartEnd.Good(
                start.Relation is null || before!.Relation is null
                    ? Message.Of("rehearsals.data.identical-tables", ("tables", tables.Count))
                    : Message.Of(
                        tables.Count == 0 ? "rehearsals.data.identical" : "rehearsals.data.identical-too",
                        ("rows", before.Relation.Rows),
                        ("tables", tables.Count)
                    )
            );
    }

    /// <summary>Nothing may be left that keeps the change from being made another day.</summary>
    public async Task<PartEnd> AgainAsync(CancellationToken cancellation)
    {
        var again = await rehearsal.GoAsync(way! with { Objects = null }, start, cancellation).ConfigureAwait(false);
        return again.Problem is { } problem
            ? PartEnd.Bad(problem)
            : new PartEnd(true, again.ForwardTook, Message.Of("rehearsals.data.again"));
    }

    public ValueTask DisposeAsync() => new(EndAsync());

    /// <summary>Why rows of the relation are not read; null where they are.</summary>
    private async Task<Message?> OutsideAsync(RelationName? relation, CancellationToken cancellation)
    {
        if (relation is null)
        {
            return null;
        }

        await using var superuser = await SuperuserAsync(cancellation).ConfigureAwait(false);
        return await ForeignReads.OfAsync(superuser, relation, cancellation).ConfigureAwait(false) is { } foreign
            ? Message.Of("rehearsals.data.foreign", ("relation", relation), ("table", foreign))
            : null;
    }

    private async Task<Message?> BeginAsync(CancellationToken cancellation)
    {
        if (start.IsByRestore)
        {
            schema ??= await copy.ReadAsync(cancellation).ConfigureAwait(false);
        }

        session = await copy.OpenAsync(cancellation).ConfigureAwait(false);
        (way, var refusal) = await rehearsal.BeginAsync(session, start, cancellation).ConfigureAwait(false);
        return refusal;
    }

    private async Task EndAsync()
    {
        if (way is not null)
        {
            await way.DisposeAsync().ConfigureAwait(false);
        }

        if (session is not null)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }

        (way, session) = (null, null);
    }

    /// <summary>What the second restore did not bring back as the first did.</summary>
    private async Task<IReadOnlyList<Message>> RestoredAsync(CancellationToken cancellation)
    {
        var old = went!.Before;
        var now = await copy.ReadAsync(cancellation).ConfigureAwait(false);
        if (await BeginAsync(cancellation).ConfigureAwait(false) is { } refusal)
        {
            return [refusal];
        }

        var closure = await ClosureComparison
            .DifferencesAsync(session!, old, way!.Old.Closure, cancellation)
            .ConfigureAwait(false);
        return [.. closure.Texts(), .. schema!.Differences(now, viewsToo: true)];
    }

    /// <summary>Which rows are not what they were. A view that differs from itself proves nothing, and is named.</summary>
    private async Task<IReadOnlyList<Message>> ContentDifferencesAsync(CancellationToken cancellation)
    {
        var after = await ContentAsync(cancellation).ConfigureAwait(false);
        var differences = before!.Differences(start.Relation, after);
        if (before.Relation == after.Relation || start.Relation is null)
        {
            return differences;
        }

        var again = await ContentAsync(cancellation).ConfigureAwait(false);
        if (again.Relation == after.Relation || before.Relation?.Rows != after.Relation?.Rows)
        {
            return differences;
        }

        notes.Add(Message.Of("rehearsals.data.unstable", ("relation", start.Relation)));
        return (before with { Relation = after.Relation }).Differences(start.Relation, after);
    }

    private async Task<CopyContent> ContentAsync(CancellationToken cancellation)
    {
        await using var superuser = await SuperuserAsync(cancellation).ConfigureAwait(false);
        return await CopyContent
            .ReadAsync(superuser, isRead && isOldRead ? start.Relation : null, tables, cancellation)
            .ConfigureAwait(false);
    }

    private Task<PostgresSession> SuperuserAsync(CancellationToken cancellation) =>
        PostgresSession.OpenAsync(copy.Superuser, SchemaCopy.ApplicationName, cancellation);
}
