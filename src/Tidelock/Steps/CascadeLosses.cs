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
    private const string Present = "present";

    /// <summary>Journals what the copy saw dropped on purpose; the answer is why the change must not be made.</summary>
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
        return null;
    }

    /// <summary>Journals what is there just before the change, once.</summary>
    public static async Task RecordAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.Change.Section<Migration>() is ViewMigration || Before(context) is not null)
        {
            return;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var present = await PresentObjects.ReadAsync(session, parts: false, cancellation).ConfigureAwait(false);
        await context
            .As(MigrateStep.StepName)
            .RecordAsync(Present, present, StepsJson.Default.PresentObjects, cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>What was lost since, and neither the author nor the copy had named; empty where nothing was.</summary>
    public static async Task<IReadOnlyList<PresentObject>> FindAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (Before(context) is not { } before)
        {
            return [];
        }

        var migration = context.Change.Section<Migration>();
        var known = (context.As(RunBaseline.Step).Fact(Dropped, StepsJson.Default.IReadOnlyListString) ?? []).ToHashSet(
            StringComparer.Ordinal
        );
        var torn = await before.TornAsync(session, cancellation).ConfigureAwait(false);
        return [.. torn.Where(o => !known.Contains($"{o}") && !migration.MayDrop(o))];
    }

    private static PresentObjects? Before(StepContext context) =>
        context.As(MigrateStep.StepName).Fact(Present, StepsJson.Default.PresentObjects);
}
