using Tidelock.Backups.Dumps;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>What a rehearsal writes to disk: the copy, the log of a restore in one go, and the sorting of an index.</summary>
/// <param name="Database">Bytes of the copy.</param>
/// <param name="Wal">Bytes of the log: a checkpoint begins before max_wal_size is reached and ends after it.</param>
/// <param name="Sorting">Bytes of the largest index.</param>
internal sealed record RehearsalRoom(long Database, long Wal, long Sorting)
{
    /// <summary>The throwaway server's <c>max_wal_size</c>: PostgreSQL's default, so that checkpoints come as on a real server.</summary>
    public const string WalSetting = "1GB";

    private const long WalLimit = 1L << 30;

    /// <summary>By the manifest; for a dump without one by the database it is said to be of, and no less than what dumps are usually packed to.</summary>
    public static RehearsalRoom Of(Backup backup, SourceSettings source)
    {
        var database = backup.Manifest?.DatabaseSize ?? Math.Max(source.DatabaseSize, DumpKind.Size(backup.Dump) * 5);
        var sorting = Math.Max(backup.Manifest?.Source.LargestIndex ?? 0, source.LargestIndex);

        return new RehearsalRoom(database, 0, sorting).For(database);
    }

    /// <summary>For so many bytes of the database instead of all.</summary>
    public RehearsalRoom For(long database) =>
        // Everything that is restored goes through the log, about once: a small database cannot fill it.
        new(database, Math.Min(WalLimit + (WalLimit / 2), database * 2), Math.Min(Sorting, database));

    /// <summary>Null when there is room for all of it and a margin; else what is missing and where.</summary>
    public Message? Lacking(string folder) => FreeSpace.Lacking(folder, Database, Wal + Sorting);
}
