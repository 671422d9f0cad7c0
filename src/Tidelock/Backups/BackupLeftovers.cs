using Tidelock.Backups.Dumps;

namespace Tidelock.Backups;

/// <summary>What a killed program leaves of a change's backups: half a dump, or one that was decrypted for a while.</summary>
internal static class BackupLeftovers
{
    /// <summary>
    /// Removes them all, and ends a pg_dump that nobody looks after. What another program is using stays; so does what cannot be removed, since
    /// no run may stop for that.
    /// </summary>
    /// <param name="options">With full paths.</param>
    public static void Remove(BackupOptions options)
    {
        try
        {
            BackupFolder.Sweep(options.FolderOrDefault());
            PlainDump.Sweep(options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // The next run tries again.
        }
    }
}
