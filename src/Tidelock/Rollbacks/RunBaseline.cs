using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What was there before the migration, as the step <c>baseline</c> journaled it: where every way back leads.</summary>
/// <param name="Relation">The relation of the change.</param>
/// <param name="Closure">Everything attached to it and depending on it; null when there was no such relation.</param>
/// <param name="Rows">Its rows; null where they were not counted.</param>
public sealed record RunBaseline(RelationName Relation, RelationClosure? Closure, long? Rows)
{
    internal const string Step = "baseline";
    internal const string Fact = "closure";

    /// <summary>The relation a change is about: that of the view migration, or of the contract. Null when neither names one.</summary>
    public static RelationName? RelationOf(Changes.Change change) =>
        change.Section<Migration>().Relation ?? change.Section<Contract>().Relation;

    /// <summary>The baseline of the run; null when the run never got so far, or the change is about no relation.</summary>
    public static RunBaseline? Of(StepContext context) =>
        context.As(Step).Fact(Fact, RollbacksJson.Default.RunBaseline);

    /// <summary>Journals what the step <c>verify</c> found to be right, once.</summary>
    internal static async Task RecordVerifiedAsync(
        StepContext context,
        RunBaseline found,
        CancellationToken cancellation
    )
    {
        if (context.Fact(Fact, RollbacksJson.Default.RunBaseline) is null)
        {
            await context
                .RecordAsync(Fact, found, RollbacksJson.Default.RunBaseline, cancellation)
                .ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What is no longer as it was verified: all about the relation itself, functions and policies that read it included, and what was
    /// lost or changed of its dependents. Other views may have been added meanwhile, and what somebody's session had for itself is not counted.
    /// </summary>
    internal static async Task<Message?> LostSinceVerifiedAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.As("verify").Fact(Fact, RollbacksJson.Default.RunBaseline) is not { } verified)
        {
            return null;
        }

        var (differences, busy) = await PatientLook
            .AtAsync(
                context,
                verified.Closure,
                session => verified.DifferencesAsync(session, cancellation),
                cancellation
            )
            .ConfigureAwait(false);
        if (differences is null)
        {
            return Message.Of("rollbacks.not-looked", ("relation", verified.Relation), ("reason", busy));
        }

        var lost = differences.Where(d => d.Relation == verified.Relation || d.Before is not null).ToList();
        return lost.Count == 0
            ? null
            : Message.Of(
                "rollbacks.not-as-verified",
                ("relation", verified.Relation),
                ("count", lost.Count),
                ("differences", Several.Of(lost.Texts()))
            );
    }

    /// <summary>Whether the relation and everything about it is again what it was, but for what others did since and was kept.</summary>
    internal static async Task<StepOutcome> CompareAsync(StepContext context, CancellationToken cancellation)
    {
        if (Of(context) is not { } baseline)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.no-baseline"));
        }

        var (outcome, busy) = await PatientLook
            .AtAsync(
                context,
                baseline.Closure,
                session => baseline.ComparedAsync(context, session, cancellation),
                cancellation
            )
            .ConfigureAwait(false);
        return outcome
            ?? StepOutcome.NeedsPerson(
                Message.Of(
                    "rollbacks.not-compared",
                    ("relation", baseline.Relation),
                    ("reason", busy),
                    ("run", context.Run)
                )
            );
    }

    internal async Task<IReadOnlyList<ClosureDifference>> DifferencesAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var now = await ClosureCapture.CaptureAsync(session, Relation, cancellation).ConfigureAwait(false);
        return await ClosureComparison
            .DifferencesAsync(session, Closure?.Lasting, now.ClosureOrNull?.Lasting, cancellation)
            .ConfigureAwait(false);
    }

    private async Task<StepOutcome> ComparedAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var now = await ClosureCapture.CaptureAsync(session, Relation, cancellation).ConfigureAwait(false);
        var differences = await ClosureComparison
            .DifferencesAsync(session, Closure, now.ClosureOrNull, cancellation)
            .ConfigureAwait(false);
        var kept = await RunLater.KeptAsync(context, session, now.ClosureOrNull, cancellation).ConfigureAwait(false);
        var keys = kept.Select(LaterChanges.Key).ToHashSet();
        var others = differences.Where(d => !keys.Contains(LaterChanges.Key(d))).ToList();
        return others.Count > 0
            ? StepOutcome.NeedsPerson(
                Message.Of(
                    "rollbacks.different",
                    ("relation", Relation),
                    ("count", others.Count),
                    ("differences", Several.Of(others.Texts()))
                )
            )
            : StepOutcome.Passed(
                Message.Of(kept.Count == 0 ? "rollbacks.identical" : "rollbacks.identical-but", ("relation", Relation))
            );
    }
}
