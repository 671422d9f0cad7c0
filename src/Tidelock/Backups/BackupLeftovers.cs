namespace Tidelock.Backups;

/// <summary>What a killed program leaves of a change's backups: half a dump, or one that was decrypted for a while.</summary>
internal static class BackupLeftovers
{
    /// <summary>Removes them all, and ends a pg_dump that nobody looks after. What another program is using stays.</summary>
    /// <param name="options">With full paths.</param>
    public static void Remove(BackupOptions options)
    {
        BackupFolder.Sweep(options.FolderOrDefault());
        PlainDump.Sweep(options);
    }
}
