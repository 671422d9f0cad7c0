using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>The backups of a folder on which a change was rehearsed ahead of a run. An earlier run's own is not one: it changed the database afterwards.</summary>
internal static class RehearsedBackups
{
    /// <summary>The newest that is fresh enough. Whether it is still whole is the verifier's question; what cannot be read is none.</summary>
    /// <param name="folder">Where dumps are written.</param>
    /// <param name="changeDigest">The change.</param>
    /// <param name="need">What it must have been rehearsed for.</param>
    /// <param name="maxAge">The oldest that is accepted.</param>
    /// <param name="now">The time.</param>
    /// <param name="database">The database it must be of, and not of another one that had its name; null for any.</param>
    /// <returns>It; where there is none, why the newest of this change does not fit; neither where there is none of this change.</returns>
    public static (Backup? Backup, Message? Misfit) Newest(
        string folder,
        string changeDigest,
        RehearsalNeed need,
        TimeSpan maxAge,
        DateTimeOffset now,
        ServerIdentity? database
    )
    {
        if (!Directory.Exists(folder))
        {
            return (null, null);
        }

        var found = Directory
            .EnumerateDirectories(folder)
            .Where(d => !Path.GetFileName(d).StartsWith('.') && File.Exists(Path.Combine(d, Backup.RehearsalName)))
            .Select(TryOpen)
            .OfType<Backup>()
            .Where(b =>
                now - b.Manifest!.StartedAt <= maxAge
                && (database is null || IsOf(b.Manifest, database))
                && b.Rehearsal() is { Run: null } record
                && record.Proves(changeDigest)
            )
            .OrderByDescending(b => b.Manifest!.StartedAt)
            .Select(b => (Backup: b, Misfit: b.Rehearsal()?.Misfit(need)))
            .ToList();
        var fit = found.FirstOrDefault(f => f.Misfit is null).Backup;
        return (fit, fit is null ? found.FirstOrDefault().Misfit : null);
    }

    private static bool IsOf(BackupManifest manifest, ServerIdentity database) =>
        manifest.Identity.IsSameDatabase(database) && manifest.Identity.DatabaseOid == database.DatabaseOid;

    private static Backup? TryOpen(string folder)
    {
        try
        {
            var backup = Backup.Open(folder);
            return backup.Manifest is null ? null : backup;
        }
        catch (TidelockException)
        {
            return null;
        }
    }
}
