using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What saving rows into side tables can do and has done, in words.</summary>
internal static class RescueWords
{
    /// <summary>An assessment with what saving would do, or why it cannot be done.</summary>
    public static async Task<RollbackAssessment> OfferedAsync(
        RollbackAssessment assessment,
        PostgresSession session,
        BackupManifest? manifest,
        RunId run,
        bool isInPlace,
        CancellationToken cancellation
    )
    {
        var obstacle = await RowRescue
            .ObstacleAsync(session, manifest, run.Value, isInPlace, cancellation)
            .ConfigureAwait(false);
        if (obstacle is not null)
        {
            return assessment with { RescueObstacle = Message.Of("rollbacks.rescue.obstacle", ("problem", obstacle)) };
        }

        var offer = await OfferAsync(session, manifest!, run, cancellation).ConfigureAwait(false);

        // In place it is done while others go on writing.
        return assessment with
        {
            Rescue = isInPlace ? Message.Of("rollbacks.rescue.offers-first", ("offer", offer)) : offer,
        };
    }

    private static async Task<Message> OfferAsync(
        PostgresSession session,
        BackupManifest manifest,
        RunId run,
        CancellationToken cancellation
    )
    {
        var withoutKey = await RowRescue.WithoutKeyAsync(session, manifest, cancellation).ConfigureAwait(false);
        var others = await LostWritesReader.OthersAsync(session, manifest, cancellation).ConfigureAwait(false);
        var schema = RowRescue.SchemaOf(run.Value);
        var offer =
            withoutKey.Count == 0
                ? Message.Of("rollbacks.rescue.offers", ("schema", schema))
                : Message.Of(
                    "rollbacks.rescue.offers-but",
                    ("schema", schema),
                    ("tables", LostWords.Names(withoutKey))
                );
        return others.Count == 0
            ? offer
            : Message.Of("rollbacks.rescue.offers-not", ("offer", offer), ("tables", LostWords.Names(others)));
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
        if (rescued.Others is { } others)
        {
            saved = Message.Of(
                "rollbacks.rescue.others-not-saved",
                ("finding", saved),
                ("tables", LostWords.Names([.. others]))
            );
        }

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
