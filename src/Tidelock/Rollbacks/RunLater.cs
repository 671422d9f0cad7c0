using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks.Beside;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>
/// What others did between a run's step <c>verify</c> and its way back. What was found before going back is journaled, so that nothing
/// of it is lost even where it cannot be kept.
/// </summary>
public static class RunLater
{
    private const string Step = "rollback.revert";
    private const string Fact = "found";

    /// <summary>What a way back would meet now, for whoever chooses one; null for nothing.</summary>
    public static async Task<Message?> LookAsync(StepContext context, CancellationToken cancellation)
    {
        if (Verified(context) is null)
        {
            return null;
        }

        RelationClosure? now;
        try
        {
            await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
            now = await NowAsync(context, session, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            return Message.Of(
                "rollbacks.later-unknown",
                ("relation", Verified(context)!.Relation),
                ("reason", Reason(e))
            );
        }

        var others = Texts(Changes(context, now)?.Against(RunBaseline.Of(context)?.Closure) ?? []);
        return others.Count == 0
            ? null
            : Message.Of(
                "rollbacks.later",
                ("relation", Verified(context)!.Relation),
                ("count", others.Count),
                ("differences", Several.Of(others))
            );
    }

    /// <summary>
    /// Journals what is there before going back, but not what a way back of this run left halfway: that is nobody else's work. Somebody who
    /// holds what is to be read is waited for as long as for locks; for a backup nobody is.
    /// </summary>
    /// <param name="context">Of the run.</param>
    /// <param name="isOutdated">Whether it is known that nothing was changed and that something else is there than was journaled.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether what is journaled may be relied on.</returns>
    internal static async Task<bool> RecordAsync(StepContext context, bool isOutdated, CancellationToken cancellation)
    {
        if (
            Verified(context) is not { } verified
            || IsHalfway(context)
            || context.State.Swapped?.At >= context.State.Rollback?.At
        )
        {
            return true;
        }

        var isBackup = context.State.Rollback?.Method is InPlaceRollback.MethodName or BesideRollback.MethodName;
        var patience = isBackup ? TimeSpan.Zero : context.Change.Section<Migration>().Locks.Total;
        for (var since = context.Time.GetTimestamp(); ; )
        {
            try
            {
                await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
                var now = await NowAsync(context, session, cancellation).ConfigureAwait(false);
                if (isOutdated || !await IsBackAsync(context, session, now, cancellation).ConfigureAwait(false))
                {
                    await RecordAsync(context, new RunBaseline(verified.Relation, now, null), cancellation)
                        .ConfigureAwait(false);
                }

                return true;
            }
            catch (Exception e) when (IsUnreadable(e))
            {
                context.Report(
                    Message.Of("rollbacks.later-unknown", ("relation", verified.Relation), ("reason", Reason(e)))
                );
                if (!PatientLook.IsPassing(e) || context.Time.GetElapsedTime(since) >= patience)
                {
                    return false;
                }
            }

            await Task.Delay(PatientLook.Pause, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether a way back of several transactions has begun: what is there may be its own half-done work.</summary>
    internal static bool IsHalfway(StepContext context) =>
        new[] { ToolOnce.ChildFact, StatementsOnce.Fact, InPlaceRollback.IntentFact }.Any(f =>
            context.State.Fact(Step, f) is not null
        );

    /// <summary>What others did, as it was found before going back; null where that is not known or there was nothing left of the relation.</summary>
    internal static LaterChanges? Of(StepContext context) => Changes(context, Found(context)?.Closure);

    /// <summary>What others did and is not to be seen as a difference from before, because it was kept.</summary>
    internal static async Task<IReadOnlyList<ClosureDifference>> KeptAsync(
        StepContext context,
        PostgresSession session,
        RelationClosure? now,
        CancellationToken cancellation
    )
    {
        var (kept, _) = await SplitAsync(context, session, now, cancellation).ConfigureAwait(false);
        return kept;
    }

    /// <summary>
    /// The finding of a way back that has been gone, with what others did and became of it. What cannot be looked at is said to be unknown:
    /// nothing that happens here undoes that the way was gone.
    /// </summary>
    internal static async Task<Message> ToldAsync(StepContext context, Message finding, CancellationToken cancellation)
    {
        try
        {
            return await WithLaterAsync(context, finding, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return Message.Of("rollbacks.later-not-told", ("finding", finding), ("reason", Reason(e)));
        }
    }

    private static async Task<Message> WithLaterAsync(
        StepContext context,
        Message finding,
        CancellationToken cancellation
    )
    {
        if (Of(context) is not { } later)
        {
            return finding;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var now = (
            await ClosureCapture.CaptureAsync(session, later.Found.Relation.Name, cancellation).ConfigureAwait(false)
        ).ClosureOrNull;
        var (kept, lost) = await SplitAsync(context, session, now, cancellation).ConfigureAwait(false);
        if (Texts(kept) is { Count: > 0 } texts)
        {
            finding = Message.Of("rollbacks.kept", ("finding", finding), ("differences", Several.Of(texts)));
        }

        return PutBack(later.Found, lost) is { Count: > 0 } things
            ? Message.Of("rollbacks.not-kept", ("finding", finding), ("things", Several.All(things)))
            : finding;
    }

    private static RunBaseline? Verified(StepContext context) =>
        context.As("verify").Fact(RunBaseline.Fact, RollbacksJson.Default.RunBaseline);

    private static RunBaseline? Found(StepContext context) =>
        context.As(Step).Fact(Fact, RollbacksJson.Default.RunBaseline);

    private static LaterChanges? Changes(StepContext context, RelationClosure? found) =>
        Verified(context)?.Closure is { } verified && found is not null ? new LaterChanges(verified, found) : null;

    private static async Task<RelationClosure?> NowAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var relation = Verified(context)!.Relation;
        return (await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false)).ClosureOrNull;
    }

    private static Task RecordAsync(StepContext context, RunBaseline found, CancellationToken cancellation) =>
        context.As(Step).RecordAsync(Fact, found, RollbacksJson.Default.RunBaseline, cancellation);

    /// <summary>Whether something was journaled, and the way back has been gone since.</summary>
    private static async Task<bool> IsBackAsync(
        StepContext context,
        PostgresSession session,
        RelationClosure? now,
        CancellationToken cancellation
    )
    {
        if (Found(context) is null)
        {
            return false;
        }

        var relation = Verified(context)!.Relation;
        var differences = await ClosureComparison
            .DifferencesAsync(session, RunBaseline.Of(context)?.Closure, now, cancellation)
            .ConfigureAwait(false);
        return !differences.Any(d =>
            d.Relation == relation && d.Part is ClosurePart.Existence or ClosurePart.Definition or ClosurePart.Column
        );
    }

    internal static Message Reason(Exception e) =>
        e is TidelockException known
            ? known.Problem
            : Message.Of("rollbacks.unreadable", ("reason", (e as PostgresException)?.MessageText ?? e.Message));

    /// <summary>What hangs on the relation could not be read, though the database answers.</summary>
    internal static bool IsUnreadable(Exception e) =>
        e is RelationBusyException
        || e is PostgresException p && !ConnectionLoss.EndsSession(p.SqlState)
        || e is TidelockException { Problem.Code: ClosureCapture.Unstable };

    private static async Task<(
        IReadOnlyList<ClosureDifference> Kept,
        IReadOnlyList<ClosureDifference> Lost
    )> SplitAsync(StepContext context, PostgresSession session, RelationClosure? now, CancellationToken cancellation)
    {
        if (Of(context) is not { } later)
        {
            return ([], []);
        }

        var others = later.Against(RunBaseline.Of(context)?.Closure);
        var keys = others.Select(LaterChanges.Key).ToHashSet();
        var lost = (
            await ClosureComparison.DifferencesAsync(session, later.Found, now, cancellation).ConfigureAwait(false)
        )
            .Where(d => keys.Contains(LaterChanges.Key(d)))
            .ToList();
        var gone = lost.Select(LaterChanges.Key).ToHashSet();
        return (others.Where(d => !gone.Contains(LaterChanges.Key(d))).ToList(), lost);
    }

    /// <summary>Columns follow from a definition, which is told; that a materialized view was filled is nobody's loss.</summary>
    private static IReadOnlyList<Message> Texts(IReadOnlyList<ClosureDifference> differences)
    {
        var defined = differences.Where(d => d.Part == ClosurePart.Definition).Select(d => d.Relation).ToHashSet();
        return differences
            .Where(d =>
                d.Part != ClosurePart.Populated && (d.Part != ClosurePart.Column || !defined.Contains(d.Relation))
            )
            .Texts();
    }

    /// <summary>What is lost, each with the SQL or the value that it was.</summary>
    private static List<Message> PutBack(RelationClosure found, IReadOnlyList<ClosureDifference> lost)
    {
        var relations = found.All.ToDictionary(r => r.Name);
        var gone = lost.Where(d => d is { Part: ClosurePart.Existence, After: null })
            .Select(d => d.Relation)
            .ToHashSet();
        return
        [
            .. gone.Where(relations.ContainsKey).Select(r => Sql(r, Creation(relations[r]))),
            .. lost.Where(d =>
                    d is { Part: ClosurePart.Definition, Before: not null }
                    && !gone.Contains(d.Relation)
                    && relations.ContainsKey(d.Relation)
                )
                .Select(d => Sql(d.Relation, Redefinition(relations[d.Relation]))),
            .. Texts([
                .. lost.Where(d =>
                    !gone.Contains(d.Relation) && d.Part is not ClosurePart.Definition and not ClosurePart.Column
                ),
            ]),
        ];

        static IReadOnlyList<RestoreStatement> Creation(CapturedRelation r) =>
            [.. ClosureRestore.Create(r), .. ClosureRestore.Attach(r), .. ClosureRestore.Populate(r)];

        static IReadOnlyList<RestoreStatement> Redefinition(CapturedRelation r) =>
            r.Kind == RelationKind.View
                ? [ClosureRestore.Replace(r, r.Definition)]
                : [.. ClosureRestore.Drop(r), .. Creation(r)];

        static Message Sql(RelationName relation, IReadOnlyList<RestoreStatement> statements) =>
            Message.Of(
                "rollbacks.was",
                ("relation", relation),
                ("sql", string.Join("\n", statements.Select(s => $"{s.Sql};")))
            );
    }
}
