using System.Globalization;
using Tidelock.Runs;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>A moment before the change, and how far the server had come by then: what tells whether it was restored to an earlier one.</summary>
/// <param name="Time">A full second by the server's clock, because a service restores to no other; the change begins after it.</param>
/// <param name="Next">The transaction id that came next when that second began, or a little before: a server restored to it has seen all that are lower.</param>
internal sealed record RecoveryMoment(DateTimeOffset Time, ulong Next)
{
    private const string Fact = "moment";

    /// <summary>Null where the run has none.</summary>
    public static RecoveryMoment? Of(StepContext context) =>
        context.As(RunBackup.Step).Fact(Fact, RecoveryJson.Default.RecoveryMoment);

    /// <summary>
    /// Journals it before the change is tried for the first time, and waits until it is over: up to 1.1 seconds. What the server had completed by
    /// then is in its log before that second, so no restore to it can lack it.
    /// </summary>
    public static async Task RecordAsync(StepContext context, CancellationToken cancellation)
    {
        if (context.State.Step("migrate").Attempts > 1)
        {
            return;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var now = await session
            .QueryAsync(
                """
                with now as materialized (
                    select pg_snapshot_xmax(pg_current_snapshot())::text as next,
                           date_trunc('second', clock_timestamp() + '0.1 s') + '1 s' as at
                )
                select next, at at time zone 'UTC', pg_sleep_until(at) from now
                """,
                r => new RecoveryMoment(
                    new DateTimeOffset(r.GetDateTime(1), TimeSpan.Zero),
                    ulong.Parse(r.GetString(0), CultureInfo.InvariantCulture)
                ),
                cancellation
            )
            .ConfigureAwait(false);
        await context
            .As(RunBackup.Step)
            .RecordAsync(Fact, now[0], RecoveryJson.Default.RecoveryMoment, cancellation)
            .ConfigureAwait(false);
    }
}
