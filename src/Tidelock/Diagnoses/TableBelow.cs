using Tidelock.Postgres;

namespace Tidelock.Diagnoses;

/// <summary>A table that a relation reads, with what the planner knows about it.</summary>
/// <param name="Name">The table.</param>
/// <param name="Rows">As the planner estimates; null when it was never analyzed.</param>
/// <param name="Bytes">With indexes and TOAST.</param>
/// <param name="StatisticsAge">Since the last ANALYZE; null when there was none, or it is not remembered.</param>
/// <param name="ChangedSince">Rows changed since then.</param>
/// <param name="Indexes">As SQL.</param>
public sealed record TableBelow(
    RelationName Name,
    double? Rows,
    long Bytes,
    TimeSpan? StatisticsAge,
    long ChangedSince,
    IReadOnlyList<string> Indexes
)
{
    private const double StaleShare = 0.2;
    private const long FewRows = 1000;

    /// <summary>Whether the planner may be misled: never analyzed, or a fifth of the rows changed since.</summary>
    public bool IsStale => Rows is null || ChangedSince > Math.Max(FewRows, Rows.Value * StaleShare);
}
