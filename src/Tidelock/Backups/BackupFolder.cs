using System.Globalization;

namespace Tidelock.Backups;

/// <summary>
/// Where a backup is written until it is whole: a folder whose name says that it is not one, held by a lock so that what a killed
/// program left can be told from what another is writing. Disposing removes it unless it was finished.
/// </summary>
internal sealed class BackupFolder : IDisposable
{
    private const string Unfinished = ".unfinished-";
    private const string LockName = ".lock";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream held;
    private readonly string final;
    private bool finished;

    private BackupFolder(string parent, string name)
    {
        Path = System.IO.Path.Combine(parent, Unfinished + name);
        final = System.IO.Path.Combine(parent, name);
        Directory.CreateDirectory(Path, OwnerOnly);
        held = new FileStream(
            System.IO.Path.Combine(Path, LockName),
            FileMode.Create,
            FileAccess.Write,
            FileShare.None
        );
    }

    public string Path { get; }

    public string Dump => System.IO.Path.Combine(Path, Backup.DumpName);

    /// <summary>Makes the folder for a new backup of a database and removes what killed programs left beside it.</summary>
    public static BackupFolder Create(string parent, string database, DateTimeOffset at)
    {
        Directory.CreateDirectory(parent, OwnerOnly);
        foreach (var left in Directory.EnumerateDirectories(parent, Unfinished + "*"))
        {
            RemoveAbandoned(left);
        }

        var safe = new string([.. database.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_')]);
        var stamp = at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture);
        return new BackupFolder(parent, $"{safe}-{stamp}");
    }

    /// <summary>Gives the folder its name: from here on it is a backup.</summary>
    public Backup Finish()
    {
        held.Dispose();
        File.Delete(System.IO.Path.Combine(Path, LockName));
        Directory.Move(Path, final);
        finished = true;
        return Backup.Open(final);
    }

    public void Dispose()
    {
        held.Dispose();
        if (!finished)
        {
            Remove(Path);
        }
    }

    private static void RemoveAbandoned(string folder)
    {
        try
        {
            using var taken = new FileStream(
                System.IO.Path.Combine(folder, LockName),
                FileMode.OpenOrCreate,
                FileAccess.Write,
                FileShare.None
            );
        }
        catch (IOException)
        {
            return;
        }

        Remove(folder);
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // A worker of a killed pg_dump may still write into it. The name says that it is no backup; the next taking removes it.
        }
    }
}
