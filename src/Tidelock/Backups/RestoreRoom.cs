using Tidelock.Backups.Dumps;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>What a restore into a new database writes to disk: the copy, the log of a restore in one go, and the sorting of an index.</summary>
/// <param name="Database">Bytes of the copy.</param>
/// <param name="Wal">Bytes of the log: a checkpoint begins before max_wal_size is reached and ends after it.</param>
/// <param name="Sorting">Bytes of the largest index.</param>
internal sealed record RestoreRoom(long Database, long Wal, long Sorting)
{
    /// <summary>The throwaway server's <c>max_wal_size</c>: PostgreSQL's default, so that checkpoints come as on a real server.</summary>
    public const string WalSetting = "1GB";

    private const long WalSize = 1L << 30;

    /// <summary>By the manifest; for a dump without one by the database it is said to be of, and no less than what dumps are usually packed to.</summary>
    public static RestoreRoom Of(Backup backup, SourceSettings source)
    {
        var database = backup.Manifest?.DatabaseSize ?? Math.Max(source.DatabaseSize, DumpKind.Size(backup.Dump) * 5);
        var sorting = Math.Max(backup.Manifest?.Source.LargestIndex ?? 0, source.LargestIndex);

        return Of(database, sorting, WalSize);
    }

    /// <param name="database">Bytes of the database.</param>
    /// <param name="largestIndex">Bytes of its largest index.</param>
    /// <param name="walSize">The server's <c>max_wal_size</c>, or what the log grows to where it is kept for longer.</param>
    public static RestoreRoom Of(long database, long largestIndex, long walSize) =>
        // Everything that is restored goes through the log, about once: a small database cannot fill it.
        new(database, Math.Min(walSize + (walSize / 2), database * 2), Math.Min(largestIndex, database));

    /// <summary>For so many bytes of the database instead of all.</summary>
    public RestoreRoom For(long database) => Of(database, Sorting, WalSize);

    /// <summary>Null when there is room for all of it and a margin; else what is missing and where.</summary>
    public Message? Lacking(string folder) => FreeSpace.Lacking(folder, Database, Wal + Sorting);
}
