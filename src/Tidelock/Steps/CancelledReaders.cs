using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// Whether the replay of the change cancelled queries on the standby that the environment names: its counters before the change are
/// journaled, and compared after it, during the watch and at its end. Told, never a failure.
/// </summary>
internal static class CancelledReaders
{
    public const string Fact = "standby conflicts";

    /// <summary>Before the change, once.</summary>
    public static async Task ExpectAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.TargetEnvironment.Standby.Length == 0 || Before(context) is not null)
        {
            return;
        }

        try
        {
            var now = await ReadAsync(context, cancellation).ConfigureAwait(false);
            await context
                .RecordAsync(Fact, now, MigrationsJson.Default.StandbyConflicts, CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (IsUnanswered(e))
        {
            context.Report(Unasked(e));
        }
    }

    /// <summary>What there is to tell since; null for nothing.</summary>
    public static async Task<Message?> FindAsync(StepContext context, CancellationToken cancellation)
    {
        if (Before(context) is not { } before)
        {
            return null;
        }

        try
        {
            var now = await ReadAsync(context, cancellation).ConfigureAwait(false);
            return now.Over(before) is { } more
                ? Finding(more)
                : Message.Of("migrations.standbys.conflicts-unknown", ("standby", before.Standby));
        }
        catch (Exception e) when (IsUnanswered(e))
        {
            return Unasked(e);
        }
    }

    /// <summary>A rise, reason by reason; null where there is none.</summary>
    internal static Message? Finding(StandbyConflicts more)
    {
        var reasons = more
            .Reasons.Where(r => r.Count > 0)
            .Select(r => Message.Of($"migrations.standbys.conflicts.{r.Reason}", ("count", r.Count)))
            .ToList();
        return reasons.Count == 0
            ? null
            : Message.Of(
                "migrations.standbys.conflicts",
                ("standby", more.Standby),
                ("count", more.Reasons.Sum(r => r.Count)),
                ("reasons", Several.Of(reasons))
            );
    }

    private static StandbyConflicts? Before(StepContext context) =>
        context.Fact(Fact, MigrationsJson.Default.StandbyConflicts);

    private static Task<StandbyConflicts> ReadAsync(StepContext context, CancellationToken cancellation) =>
        StandbyConflicts.ReadAsync(context.TargetEnvironment.Standby, context.ApplicationName, cancellation);

    private static bool IsUnanswered(Exception e) =>
        e is NpgsqlException
        || (e is TidelockException t && t.Problem.Code.StartsWith("postgres.", StringComparison.Ordinal));

    private static Message Unasked(Exception e) =>
        Message.Of(
            "migrations.standbys.conflicts-unasked",
            ("reason", e is TidelockException t ? t.Problem : e.Message)
        );
}
