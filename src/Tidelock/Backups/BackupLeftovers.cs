using Tidelock.Backups.Dumps;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>What a killed program leaves of a change's backups: half a dump, one that was decrypted for a while, or a server into which one was restored.</summary>
internal static class BackupLeftovers
{
    /// <summary>
    /// Removes them all, and ends a pg_dump that nobody looks after. What another program is using stays; so does what cannot be removed, since
    /// no run may stop for that.
    /// </summary>
    /// <param name="options">With full paths.</param>
    /// <param name="cancellation">Ends it.</param>
    public static Task RemoveAsync(BackupOptions options, CancellationToken cancellation)
    {
        Try(() => BackupFolder.Sweep(options.FolderOrDefault()));
        return RemoveRestoredAsync(options, cancellation);
    }

    /// <summary>Those of a rehearsal alone: they take the room that the next one needs.</summary>
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
