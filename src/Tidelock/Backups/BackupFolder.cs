using System.Globalization;
using Tidelock.Programs;

namespace Tidelock.Backups;

/// <summary>
/// Where a backup is written until it is whole: a folder whose name says that it is not one. Disposing removes it unless it was finished.
/// </summary>
internal sealed class BackupFolder : IDisposable
{
    private const string Unfinished = ".unfinished-";
    private const string Child = ".pg_dump";

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
        Sweep(parent);
        var safe = new string([.. database.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_')]);
        var stamp = at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture);
        return new BackupFolder(parent, $"{safe}-{stamp}");
    }

    /// <summary>Removes what killed programs left, and ends a pg_dump that still writes there: it holds its locks, and nobody looks who waits.</summary>
    public static void Sweep(string parent) =>
        HeldFolder.RemoveAbandoned(
            parent,
            Unfinished,
            left =>
            {
                var note = System.IO.Path.Combine(left, Child);
                if (File.Exists(note) && File.ReadAllLines(note) is [var pid, var started])
                {
                    new StartedChild(int.Parse(pid, CultureInfo.InvariantCulture), started).Signal(Signals.Kill);
                }
            }
        );

    /// <summary>Notes who writes into it.</summary>
    public Task NoteAsync(StartedChild child) =>
        File.WriteAllLinesAsync(
            System.IO.Path.Combine(Path, Child),
            [child.ProcessId.ToString(CultureInfo.InvariantCulture), child.Started],
            CancellationToken.None
        );

    /// <summary>Gives the folder its name: from here on it is a backup.</summary>
    public Backup Finish()
    {
        File.Delete(System.IO.Path.Combine(Path, Child));
        held.Keep(final);
        return Backup.Open(final);
    }

    public void Dispose() => held.Dispose();
}
