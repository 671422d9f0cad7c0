using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>
/// Saves the rows that the backup has not seen from the database that was replaced into the one in use, after the swap: nobody is kept waiting for it,
/// and the rows stand still. The replaced database is open meanwhile and closed again.
/// </summary>
internal static class BesideRescue
{
    /// <summary>Does it once for a rollback that asks for it; may be called again after a crash.</summary>
    /// <param name="context">Of the run, which has swapped.</param>
    /// <param name="manifest">Of the backup; null where it has none.</param>
    /// <param name="finding">Of the restore.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The finding, with what was saved or why it was not.</returns>
    public static async Task<Message> WithAsync(
        StepContext context,
        BackupManifest? manifest,
        Message finding,
        CancellationToken cancellation
    )
    {
        if (!context.State.Rollback!.Rescues)
        {
            return finding;
        }

        if (Saved(context) is { } saved && await IsThereAsync(context, saved, cancellation).ConfigureAwait(false))
        {
            return RescueWords.With(finding, saved);
        }

        var (rows, problem) = manifest is null
            ? new RescueResult(null, Message.Of("rollbacks.rescue.no-snapshot"))
            : await SaveAsync(context, manifest, cancellation).ConfigureAwait(false);
        if (rows is null)
        {
            return Message.Of(
                "rollbacks.beside.not-rescued",
                ("finding", finding),
                ("problem", problem),
                ("kept", context.State.Swapped!.Kept)
            );
        }

        rows = rows with { RollbackAt = context.State.Rollback.At };
        await context
            .RecordAsync(InPlaceRestore.RescuedFact, rows, RollbacksJson.Default.RescuedRows, cancellation)
            .ConfigureAwait(false);
        return RescueWords.With(finding, rows);
    }

    /// <summary>Whether rows were to be saved after the swap and were not: the restore is done, and a person must know.</summary>
    public static bool IsMissing(StepContext context) =>
        context.State.Rollback!.Rescues
        && context.State.Swapped?.At >= context.State.Rollback.At
        && Saved(context.As(BesideFacts.Step)) is null;

    /// <summary>What was saved for this rollback in the database that has the name now, on a server that cannot have lost it since.</summary>
    private static RescuedRows? Saved(StepContext context) =>
        context.Fact(InPlaceRestore.RescuedFact, RollbacksJson.Default.RescuedRows) is { } saved
        && saved.RollbackAt == context.State.Rollback!.At
        && (saved.Place is null || saved.Place == RescuePlace.Of(context.State.Identity!))
            ? saved
            : null;

    private static async Task<bool> IsThereAsync(StepContext context, RescuedRows saved, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return (await RowRescue.GoneAsync(session, saved, cancellation).ConfigureAwait(false)).Count == 0;
    }

    private static async Task<RescueResult> SaveAsync(
        StepContext context,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var kept = context.State.Swapped!.Kept;
        var swapped = BesideFacts.LastSwap(context.State)!;
        await using var outside = await BesideRollback.OutsideAsync(context, cancellation).ConfigureAwait(false);
        await using var to = await context.OpenAsync(cancellation).ConfigureAwait(false);
        await outside.ExecuteAsync("set synchronous_commit = local", cancellation).ConfigureAwait(false);
        await outside.ExecuteAsync(Allow(kept, "true"), cancellation).ConfigureAwait(false);
        try
        {
            await using var from = await PostgresSession
                .OpenAsync(context.Target.WithDatabase(kept), context.ApplicationName, cancellation)
                .ConfigureAwait(false);
            return await RowRescue
                .SaveAsync(from, to, manifest, context.Run.Value, context.Report, cancellation)
                .ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return new RescueResult(null, e.Problem);
        }
        finally
        {
            await outside.ExecuteAsync(Allow(kept, "false"), CancellationToken.None).ConfigureAwait(false);

            // Whoever else got in meanwhile would go on writing what nobody looks for there.
            await DatabaseSwap.DismissAsync(outside, swapped.Leaving, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static string Allow(string database, string allowed) =>
        $"alter database {Identifiers.Quote(database)} with allow_connections {allowed}";
}
