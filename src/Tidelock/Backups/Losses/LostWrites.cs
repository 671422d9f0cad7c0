using Tidelock.Postgres;

namespace Tidelock.Backups.Losses;

/// <summary>
/// What was written after a backup was taken and would be lost by restoring it. Unknown is never shown as nothing.
/// </summary>
/// <param name="Tables">Every table that the backup holds or that is there now, the unknown first and then those with the largest losses.</param>
/// <param name="Total">Rows inserted, updated or deleted in all tables that a restore in place drops; null when one of them is not known.</param>
public sealed record LostWrites(IReadOnlyList<LostTableWrites> Tables, long? Total)
{
    /// <summary>
    /// Whether more may be lost than the numbers tell: other sessions may still hold back what they have written, or there are pages of large objects, which
    /// are no rows and in no sum.
    /// </summary>
    public bool AtLeast { get; init; }

    /// <summary>The same where the whole database goes, and with it the tables that the backup knows nothing of; null when one is not known.</summary>
    public long? Whole => Total is null || Tables.Any(t => t.Rows is null) ? null : Sum(Tables);

    /// <summary>Nothing is known of any table.</summary>
    internal static LostWrites Unknown { get; } = new([], null);

    internal static LostWrites Of(IReadOnlyList<LostTableWrites> tables)
    {
        var held = tables.Where(t => !t.IsNew).ToList();
        return new LostWrites(tables, held.Any(t => t.Rows is null) ? null : Sum(held))
        {
            AtLeast = tables.Any(t => t is { ArePages: true, Rows: > 0 }),
        };
    }

    private static long Sum(IEnumerable<LostTableWrites> tables) =>
        tables.Where(t => !t.ArePages).Sum(t => t.Rows ?? 0);
}

/// <summary>What one table would lose.</summary>
/// <param name="Table">Which.</param>
/// <param name="Counted">The numbers; null when they are not known.</param>
/// <param name="Why">Why not; null when they are.</param>
/// <param name="NewestColumn">A timestamptz column <c>updated_at</c> or <c>created_at</c>; null where there is none.</param>
/// <param name="NewestAt">Its newest value; null when there is none or reading took too long.</param>
/// <param name="IsNew">The backup knows nothing of it, so a restore in place leaves it as it is, and it is not in the total.</param>
public sealed record LostTableWrites(
    RelationName Table,
    WriteCount? Counted,
    Texts.Message? Why,
    string? NewestColumn,
    DateTimeOffset? NewestAt,
    bool IsNew = false
)
{
    /// <summary>The backup knows nothing of it either, but a restore in place drops what it is a partition or an heir of: all its rows are lost.</summary>
    public bool Falls { get; init; }

    /// <summary>Whether what is counted are pages of large objects, hundreds of which may be one object.</summary>
    public bool ArePages { get; init; }

    /// <summary>Its rows in the backup's snapshot; null where they were not counted then.</summary>
    public long? RowsThen { get; init; }

    /// <summary>Its rows now; null where they were not counted then, or counting took too long.</summary>
    public long? RowsNow { get; init; }

    /// <summary>
    /// Rows that would be lost; null where that is not known. The statistics come late, and no fewer can have been written than there are more or
    /// fewer now.
    /// </summary>
    public long? Rows => Counted is { } counted ? Math.Max(counted.Total, Math.Abs((RowsNow - RowsThen) ?? 0)) : null;
}

/// <summary>
/// Rows written, by the server's statistics. They include rows of transactions that were rolled back, and the last second of a
/// busy session may be missing.
/// </summary>
public sealed record WriteCount(long Inserted, long Updated, long Deleted)
{
    public long Total => Inserted + Updated + Deleted;
}
