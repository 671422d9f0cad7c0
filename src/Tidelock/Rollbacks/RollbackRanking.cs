namespace Tidelock.Rollbacks;

/// <summary>
/// The order in which ways back are offered: what can be used first, then what loses least (unknown counts as most, and what may be more than it says as more), then what can itself be
/// taken back, then what was timed in a rehearsal before what was not, then the shorter. Where nothing else decides, the way that the change declares comes first.
/// </summary>
public static class RollbackRanking
{
    /// <param name="ways">Every way by its name.</param>
    /// <param name="declared">The name of the way that the change declares.</param>
    public static IReadOnlyList<(string Name, RollbackAssessment Cost)> Rank(
        IEnumerable<(string Name, RollbackAssessment Cost)> ways,
        string declared
    ) =>
        [
            .. ways.OrderByDescending(w => w.Cost.Usable)
                .ThenBy(w => w.Cost.LosesWrites)
                .ThenBy(w => w.Cost.RowsLost is null)
                .ThenBy(w => w.Cost.AtLeast)
                .ThenBy(w => w.Cost.RowsLost)
                .ThenByDescending(w => w.Cost.Undoable)
                .ThenBy(w => w.Cost.Takes is null)
                .ThenBy(w => w.Cost.Takes)
                .ThenByDescending(w => string.Equals(w.Name, declared, StringComparison.Ordinal)),
        ];
}
