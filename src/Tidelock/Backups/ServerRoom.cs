using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Whether the disks of a database's server have room for a restore of it: each disk that a tablespace of it lies on, and the log's. Only disks of
/// this machine can be asked.
/// </summary>
/// <param name="Lacking">Why there is no room for it beside what is there; null where there is, or where that is unknown.</param>
/// <param name="LackingOver">Why there is no room even where each table that is there goes first; null where there is, or where that is unknown.</param>
/// <param name="Unknown">What nobody here can tell; null for nothing.</param>
internal sealed record ServerRoom(Message? Lacking, Message? LackingOver, Message? Unknown)
{
    /// <param name="session">In the database, and in no transaction.</param>
    /// <param name="restored">Bytes of what is restored; null for as much as is there.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<ServerRoom> LookAsync(
        PostgresSession session,
        long? restored,
        CancellationToken cancellation
    )
    {
        var places = await ServerPlaces.ReadAsync(session, cancellation).ConfigureAwait(false);
        var size = Math.Min(restored ?? places.Size, places.Size);
        var room = RestoreRoom.Of(size, places.LargestIndex, places.LogSize);
        if (!await SameMachine.IsAsync(session, cancellation).ConfigureAwait(false))
        {
            return Untold(session, room);
        }

        var folders = places
            .Tablespaces.Select(t =>
                (t.Folder, Data: Share(size, t.Bytes, places.Size), Besides: t.IsDefault ? room.Sorting : 0)
            )
            .Append((Folder: LogFolder(places.Log), Data: 0L, Besides: room.Wal))
            .Select(f => (f.Folder, f.Data, f.Besides, Disk: DiskOf(f.Folder)))
            .ToList();
        if (folders.Exists(f => f.Disk is null))
        {
            return Untold(session, room);
        }

        var disks = folders
            .GroupBy(f => f.Disk)
            .Select(d => new Disk(d.First().Folder!, d.Sum(f => f.Data), d.Sum(f => f.Besides)))
            .ToList();
        return new ServerRoom(
            disks.Select(d => d.Lacking(d.Data)).FirstOrDefault(l => l is not null),
            disks.Select(d => d.Lacking(0)).FirstOrDefault(l => l is not null),
            null
        );
    }

    private static ServerRoom Untold(PostgresSession session, RestoreRoom room) =>
        new(
            null,
            null,
            Message.Of(
                "backups.server-room.unknown",
                ("size", Sizes.Short(room.Database)),
                ("besides", Sizes.Short(room.Wal + room.Sorting)),
                ("target", session.Target)
            )
        );

    private static long Share(long restored, long bytes, long size) =>
        size == 0 ? 0 : (long)((decimal)restored * bytes / size);

    /// <summary>Who is neither root nor the server's user cannot see into its data folder, on whose disk the log is taken to be then.</summary>
    private static string? LogFolder(string? folder) =>
        folder is not null && FileStatus.OfTarget(folder) is null ? Path.GetDirectoryName(folder) : folder;

    private static (uint, uint)? DiskOf(string? folder) => folder is null ? null : FileStatus.OfTarget(folder)?.Disk;

    /// <summary>A disk, by a folder on it.</summary>
    private sealed record Disk(string Folder, long Data, long Besides)
    {
        public Message? Lacking(long data)
        {
            var (free, needed) = (FreeSpace.Of(Folder), FreeSpace.Needed(data, Besides));
            return free >= needed || data + Besides == 0
                ? null
                : Message.Of(
                    "backups.server-room.lacking",
                    ("folder", Folder),
                    ("free", Sizes.Short(free)),
                    ("needed", Sizes.Short(needed)),
                    ("data", Sizes.Short(data)),
                    ("besides", Sizes.Short(needed - data))
                );
        }
    }
}
