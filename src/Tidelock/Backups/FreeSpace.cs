using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>Room on the disk of a folder, asked before anything is written to it.</summary>
internal static class FreeSpace
{
    /// <summary>What stays free besides what is needed: other programs write to that disk, too.</summary>
    private const long Margin = 64L << 20;

    /// <summary>Less than a segment of the log: whoever writes there fails.</summary>
    public const long Full = 16L << 20;

    public static long Of(string folder) => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Null when there is room for so many bytes and a tenth more; else what is missing and where.</summary>
    /// <param name="folder">On that disk.</param>
    /// <param name="bytes">Of the database.</param>
    /// <param name="besides">What is written besides the database.</param>
    public static Message? Lacking(string folder, long bytes, long besides = 0)
    {
        var needed = Needed(bytes, besides);
        var free = Of(folder);
        return free >= needed
            ? null
            : Message.Of(
                "backups.no-space",
                ("folder", folder),
                ("free", Sizes.Short(free)),
                ("needed", Sizes.Short(needed)),
                ("database", Sizes.Short(bytes)),
                ("besides", Sizes.Short(besides + Margin))
            );
    }

    /// <summary>A tenth more than the database, what is written besides it, and what others write.</summary>
    public static long Needed(long bytes, long besides) => bytes + (bytes / 10) + besides + Margin;
}
