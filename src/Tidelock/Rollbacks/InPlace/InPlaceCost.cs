using Tidelock.Backups.Losses;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.InPlace;

/// <summary>What restoring a run's backup in place would cost, in words: first that there is no way back from it.</summary>
internal static class InPlaceCost
{
    /// <param name="backup">Of the run.</param>
    /// <param name="lost">What was written since.</param>
    /// <param name="tooLarge">Why it cannot be one transaction; null where it can.</param>
    /// <param name="takes">How long it took in rehearsal; null where that is not known.</param>
    public static Message Of(RunBackup backup, LostWrites lost, Message? tooLarge, TimeSpan? takes)
    {
        var cost = Message.Of(
            "rollbacks.in-place.cost",
            (
                "promise",
                takes is { } took
                    ? Message.Of("rollbacks.in-place.promised", ("took", took))
                    : Message.Of("rollbacks.in-place.not-promised")
            ),
            (
                "atomic",
                tooLarge is null
                    ? Message.Of("rollbacks.in-place.at-once")
                    : Message.Of("rollbacks.in-place.by-jobs", ("why", tooLarge))
            ),
            ("path", backup.Path),
            ("rows", RowFigure.Of(lost.Total, lost.AtLeast)),
            ("tables", LostWords.Of(lost, t => !t.IsNew))
        );
        var falling = lost.Tables.Where(t => t.Falls).Select(t => t.Table).ToList();
        cost =
            falling.Count == 0
                ? cost
                : Message.Of("rollbacks.in-place.falling", ("cost", cost), ("tables", LostWords.Names(falling)));
        return lost.Tables.All(t => !t.IsNew)
            ? cost
            : Message.Of("rollbacks.in-place.newer", ("cost", cost), ("tables", LostWords.Of(lost, t => t.IsNew)));
    }
}
