using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>Rows that an earlier rollback saved in the database that a swap puts away: whoever drops it later drops them too.</summary>
internal static class SavedBefore
{
    /// <summary>A swap's cost, with what of that goes.</summary>
    public static async Task<Message> WithAsync(
        PostgresSession session,
        Message cost,
        CancellationToken cancellation
    ) =>
        await RowRescue.SchemasAsync(session, cancellation).ConfigureAwait(false) is { } schemas
            ? Message.Of("rollbacks.swap.holds-saved", ("cost", cost), ("schemas", schemas))
            : cost;

    /// <summary>A plan that names it, read before the database is closed.</summary>
    public static async Task<SwapPlan> InAsync(StepContext context, SwapPlan plan, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return plan with { Saved = await RowRescue.SchemasAsync(session, cancellation).ConfigureAwait(false) };
    }
}
