using System.Globalization;

namespace Tidelock.Backups.PgBackRest;

/// <summary>A log file (WAL segment) by its place: its name depends on the size of all of them.</summary>
/// <param name="Timeline">On which timeline.</param>
/// <param name="Number">Which, counted from the beginning of the log.</param>
internal sealed record WalSegment(uint Timeline, ulong Number)
{
    private const ulong LogBytes = 1UL << 32;
    private const int NameLength = 24;

    /// <summary>Of a name of 24 hexadecimal digits: timeline, then log, then segment in it. Null for any other.</summary>
    public static WalSegment? TryParse(string? name, long size)
    {
        if (
            name?.Length != NameLength
            || !uint.TryParse(name[..8], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var timeline)
            || !uint.TryParse(name[8..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var log)
            || !uint.TryParse(name[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var at)
            || at >= PerLog(size)
        )
        {
            return null;
        }

        return new WalSegment(timeline, (log * PerLog(size)) + at);
    }

    /// <summary>The segment that holds a position such as <c>0/5053D40</c>; null where that is none.</summary>
    public static ulong? Holding(string position, long size) =>
        position.Split('/') is [var high, var low]
        && uint.TryParse(high, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var upper)
        && uint.TryParse(low, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var lower)
            ? (((ulong)upper << 32) | lower) / (ulong)size
            : null;

    public string Name(long size) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Timeline:X8}{Number / PerLog(size):X8}{Number % PerLog(size):X8}"
        );

    private static ulong PerLog(long size) => LogBytes / (ulong)size;
}
