using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What saving rows into side tables can do and has done, in words.</summary>
internal static class RescueWords
{
    /// <summary>What it would do before a restore in place, while others go on writing; null where it cannot be done.</summary>
    public static async Task<Message?> OffersFirstAsync(
        PostgresSession session,
        BackupManifest? manifest,
        RunId run,
        CancellationToken cancellation
    ) =>
        await OffersAsync(session, manifest, run, cancellation).ConfigureAwait(false) is { } offer
            ? Message.Of("rollbacks.rescue.offers-first", ("offer", offer))
            : null;

    /// <summary>What it would do, before anybody chooses it; null where it cannot be done.</summary>
    public static async Task<Message?> OffersAsync(
        PostgresSession session,
        BackupManifest? manifest,
        RunId run,
        CancellationToken cancellation
    )
    {
        if (manifest?.Snapshot is null)
        {
            return null;
        }

        var withoutKey = await RowRescue.WithoutKeyAsync(session, manifest, cancellation).ConfigureAwait(false);
        var schema = RowRescue.SchemaOf(run.Value);
        return withoutKey.Count == 0
            ? Message.Of("rollbacks.rescue.offers", ("schema", schema))
            : Message.Of("rollbacks.rescue.offers-but", ("schema", schema), ("tables", LostWords.Names(withoutKey)));
    }

    /// <summary>A finding with what was saved.</summary>
    public static Message With(Message finding, RescuedRows? rescued)
    {
        if (rescued is null)
        {
            return finding;
        }

        var saved = Message.Of(
            "rollbacks.rescue.saved",
            ("finding", finding),
            ("rows", RowFigure.Of(rescued.Saved.Sum(t => t.Rows))),
            ("tables", rescued.Saved.Count),
            ("schema", rescued.Schema)
        );
        return rescued.WithoutKey.Count == 0
            ? saved
            : Message.Of(
                "rollbacks.rescue.not-saved",
                ("finding", saved),
                ("rows", RowFigure.Of(rescued.WithoutKey.Sum(t => t.Rows))),
                ("tables", LostWords.Names([.. rescued.WithoutKey.Select(t => t.Table)]))
            );
    }
}
