using Tidelock.Backups.Dumps;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>What a killed program leaves of a change's backups: half a dump, one that was decrypted for a while, or a server into which one was restored.</summary>
internal static class BackupLeftovers
{
    /// <summary>
    /// Ends a pg_dump that nobody looks after, and removes what it wrote: it holds locks. What another program is using stays; so does what cannot
    /// be removed, since no run may stop for that.
    /// </summary>
    /// <param name="options">With full paths.</param>
    public static void RemoveDumps(BackupOptions options) => Try(() => BackupFolder.Sweep(options.FolderOrDefault()));

    /// <summary>Those of a rehearsal: they take the room that the next one needs.</summary>
    public static Task RemoveRestoredAsync(BackupOptions options, CancellationToken cancellation)
    {
        Try(() => PlainDump.Sweep(options));
        return AbandonedClusters.RemoveAsync(options.Rehearsal.Folder ?? Path.GetTempPath(), cancellation);
    }

    private static void Try(Action sweep)
    {
        try
        {
            sweep();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // The next run tries again.
        }
    }
}
