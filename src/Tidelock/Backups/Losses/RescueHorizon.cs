using System.Globalization;

namespace Tidelock.Backups.Losses;

/// <summary>
/// Where the rows begin that a backup has not seen, by the transaction that wrote them. A transaction that had not ended when the snapshot was
/// taken has an id from the snapshot's xmin on, and so have its subtransactions, which no snapshot lists.
/// </summary>
internal static class RescueHorizon
{
    /// <summary>Ids in rows have 32 bits: of more transactions than this it cannot be told whether they came before or after.</summary>
    private const ulong Comparable = 1UL << 31;

    /// <summary>The first id that a transaction can have.</summary>
    private const ulong First = 3;

    /// <summary>The id as it stands in rows; null where the snapshot is not one, or too many transactions came since.</summary>
    /// <param name="snapshot"><c>pg_current_snapshot()</c> of the backup: <c>733:735:733</c>.</param>
    /// <param name="now"><c>pg_snapshot_xmax(pg_current_snapshot())</c> now.</param>
    public static uint? Of(string snapshot, ulong now)
    {
        if (
            snapshot.Split(':') is not [var oldest, _, _]
            || !ulong.TryParse(oldest, NumberStyles.None, CultureInfo.InvariantCulture, out var xmin)
            || xmin > now
            || now - xmin >= Comparable
        )
        {
            return null;
        }

        return (uint)Math.Max(xmin & uint.MaxValue, First);
    }
}
