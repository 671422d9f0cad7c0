using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// What a CASCADE in SQL that Tidelock did not write takes along, be it of no relation of the change: it is foreseen on the copy, and
/// what nobody could foresee is found by comparing the catalogs before and after.
/// </summary>
internal static class CascadeLosses
{
    private const string Dropped = "dropped";
    private const string Made = "made";
    private const string Present = "present";
    private const string Lost = "lost";

    /// <summary>Journals what the copy saw made, and dropped on purpose; the answer is why the change must not be made.</summary>
    public static async Task<Message?> ForeseeAsync(
        StepContext context,
        WayRehearser rehearser,
        CancellationToken cancellation
    )
    {
        if (
            context.Change.Section<Migration>() is ViewMigration
            || context.Change.Section<GateOptions>().RollbackPlan == GateLevel.Off
        )
        {
            return null;
        }

        var rehearsal = await rehearser
            .RehearseAsync(context.Change, context.Target, cancellation)
            .ConfigureAwait(false);
        if (rehearsal.Problem?.Code == CascadeLoss.Code)
        {
            return rehearsal.Problem;
        }

        await context
            .RecordAsync(Dropped, rehearsal.Dropped ?? [], StepsJson.Default.IReadOnlyListString, cancellation)
            .ConfigureAwait(false);
        if (rehearsal.Made is { } made)
        {
            await context
                .RecordAsync(Made, made, StepsJson.Default.IReadOnlyListString, cancellation)
                .ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Journals what is there just before the change, or just before the way back, once.</summary>
    public static async Task RecordAsync(StepContext context, CancellationToken cancellation)
    {
        if (
            context.Change.Section<Migration>() is ViewMigration
            || context.Fact(Present, StepsJson.Default.PresentObjects) is not null
        )
        {
            return;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var present = await PresentObjects.ReadAsync(session, parts: false, cancellation).ConfigureAwait(false);
        await context
            .RecordAsync(Present, present, StepsJson.Default.PresentObjects, cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Journals and tells what the change took along, and neither its author nor the copy had named; empty for nothing.</summary>
    public static async Task<IReadOnlyList<PresentObject>> FindAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (context.Change.Section<Migration>() is ViewMigration)
        {
            return [];
        }

        var now = await PresentObjects.ReadAsync(session, parts: false, cancellation).ConfigureAwait(false);
        var lost = await TornAsync(context, now, session, cancellation).ConfigureAwait(false);
        await context
            .RecordAsync(Lost, [.. lost.Select(o => $"{o}")], StepsJson.Default.IReadOnlyListString, cancellation)
            .ConfigureAwait(false);
        return lost;
    }

    /// <summary>
    /// What is gone after the way back: what the change had taken along, and what the way back took along, be it made by others since.
    /// What others dropped in between is not theirs.
    /// </summary>
    public static async Task<IReadOnlyList<PresentObject>> LeftAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (context.Change.Section<Migration>() is ViewMigration)
        {
            return [];
        }

        var now = await PresentObjects.ReadAsync(session, parts: false, cancellation).ConfigureAwait(false);
        var lost = await TornAsync(context, now, session, cancellation).ConfigureAwait(false);
        if (context.As(VerifyStep.StepName).Fact(Lost, StepsJson.Default.IReadOnlyListString) is { } found)
        {
            lost = [.. lost.Where(o => found.Contains($"{o}", StringComparer.Ordinal))];
        }

        if (
            context.As(RevertStep.StepName).Fact(Present, StepsJson.Default.PresentObjects) is not { } before
            || context.As(RunBaseline.Step).Fact(Made, StepsJson.Default.IReadOnlyListString) is not { } made
        )
        {
            return lost;
        }

        var torn = await before.TornInAsync(now, session, cancellation).ConfigureAwait(false);
        var migration = context.Change.Section<Migration>();
        return
        [
            .. lost,
            .. torn.Where(o => !made.Contains($"{o}", StringComparer.Ordinal) && !migration.MayDrop(o))
                .ExceptBy(lost.Select(o => o.Key), o => o.Key),
        ];
    }

    private static async Task<IReadOnlyList<PresentObject>> TornAsync(
        StepContext context,
        PresentObjects now,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (context.As(MigrateStep.StepName).Fact(Present, StepsJson.Default.PresentObjects) is not { } before)
        {
            return [];
        }

        var migration = context.Change.Section<Migration>();
        var known = context.As(RunBaseline.Step).Fact(Dropped, StepsJson.Default.IReadOnlyListString) ?? [];
        var torn = await before.TornInAsync(now, session, cancellation).ConfigureAwait(false);
        return [.. torn.Where(o => !known.Contains($"{o}", StringComparer.Ordinal) && !migration.MayDrop(o))];
    }
}
