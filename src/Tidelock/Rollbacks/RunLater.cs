using Tidelock.Postgres;
using Tidelock.Relations;
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

        var now = await NowAsync(context, cancellation).ConfigureAwait(false);
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

    /// <summary>Journals what is there before going back; after a crash only where the way back has not been gone.</summary>
    internal static async Task RecordAsync(StepContext context, CancellationToken cancellation)
    {
        if (Verified(context) is not { } verified)
        {
            return;
        }

        var now = await NowAsync(context, cancellation).ConfigureAwait(false);
        if (Found(context) is null || !IsBack(RunBaseline.Of(context)?.Closure, now))
        {
            await context
                .As(Step)
                .RecordAsync(
                    Fact,
                    new RunBaseline(verified.Relation, now, null),
                    RollbacksJson.Default.RunBaseline,
                    cancellation
                )
                .ConfigureAwait(false);
        }
    }

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

    /// <summary>The finding of a way back that has been gone, with what others did and became of it.</summary>
    internal static async Task<Message> ToldAsync(StepContext context, Message finding, CancellationToken cancellation)
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

    private static async Task<RelationClosure?> NowAsync(StepContext context, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var relation = Verified(context)!.Relation;
        return (await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false)).ClosureOrNull;
    }

    private static bool IsBack(RelationClosure? before, RelationClosure? now) =>
        !ClosureComparison
            .Differences(before, now)
            .Any(d =>
                d.Relation == (before ?? now)!.Relation.Name
                && d.Part is ClosurePart.Existence or ClosurePart.Definition or ClosurePart.Column
            );

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
            .. gone.Select(r =>
                Sql(r, [.. ClosureRestore.Create(relations[r]), .. ClosureRestore.Attach(relations[r])])
            ),
            .. lost.Where(d => d.Part == ClosurePart.Definition && !gone.Contains(d.Relation))
                .Select(d => Sql(d.Relation, [ClosureRestore.Replace(relations[d.Relation], d.Before!)])),
            .. Texts([
                .. lost.Where(d =>
                    !gone.Contains(d.Relation) && d.Part is not ClosurePart.Definition and not ClosurePart.Column
                ),
            ]),
        ];

        static Message Sql(RelationName relation, IReadOnlyList<RestoreStatement> statements) =>
            Message.Of(
                "rollbacks.was",
                ("relation", relation),
                ("sql", string.Join("\n", statements.Select(s => $"{s.Sql};")))
            );
    }
}
