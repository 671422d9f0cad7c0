using System.Globalization;

namespace Tidelock.Backups;

/// <summary>
/// Where a backup is written until it is whole: a folder whose name says that it is not one. Disposing removes it unless it was finished.
/// </summary>
internal sealed class BackupFolder : IDisposable
{
    private const string Unfinished = ".unfinished-";

    private readonly HeldFolder held;
    private readonly string final;

    private BackupFolder(string parent, string name)
    {
        held = new HeldFolder(parent, Unfinished, name);
        final = System.IO.Path.Combine(parent, name);
    }

    public string Path => held.Path;

    public string Dump => System.IO.Path.Combine(Path, Backup.DumpName);

    /// <summary>Makes the folder for a new backup of a database and removes what killed programs left beside it.</summary>
    public static BackupFolder Create(string parent, string database, DateTimeOffset at)
    {
        Directory.CreateDirectory(parent, HeldFolder.OwnerOnly);
        var safe = new string([.. database.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_')]);
        var stamp = at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture);
        return new BackupFolder(parent, $"{safe}-{stamp}");
    }

    /// <summary>Gives the folder its name: from here on it is a backup.</summary>
    public Backup Finish()
    {
        held.Keep(final);
        return Backup.Open(final);
    }

    public void Dispose() => held.Dispose();
}
