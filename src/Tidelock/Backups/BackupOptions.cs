namespace Tidelock.Backups;

/// <summary>The gate <c>gates.backup:</c> as an author writes it: which backup, how old, how well proven.</summary>
/// <param name="By">Who takes it.</param>
/// <param name="MaxAge">The oldest backup that is accepted.</param>
/// <param name="Rehearse">Whether it must be restored into a throwaway cluster and queried.</param>
/// <param name="File">A named dump (directory or custom format) instead of taking one; null to take one.</param>
/// <param name="Folder">Where dumps are written, as the change names it; null for <c>tidelock/backups</c> in the user's state directory.</param>
/// <param name="Jobs">Parallel jobs of pg_dump and pg_restore.</param>
public sealed record BackupOptions(
    BackupSource By,
    TimeSpan MaxAge,
    bool Rehearse,
    string? File,
    string? Folder,
    int Jobs
)
{
    /// <summary>The same with the folder's path from the change's, where it is not a full one.</summary>
    public BackupOptions In(string changeFolder) =>
        Folder is null ? this : this with { Folder = Path.GetFullPath(Folder, changeFolder) };

    /// <summary>The folder dumps are written to.</summary>
    public string FolderOrDefault() =>
        Folder
        ?? Path.Combine(
            Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state
                ? state
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
            "tidelock",
            "backups"
        );
}

/// <summary>Who takes the backup.</summary>
public enum BackupSource
{
    /// <summary>Tidelock runs pg_dump.</summary>
    PgDump,

    /// <summary>Somebody took one and names its file.</summary>
    File,

    /// <summary>A managed service took one: a person confirms it.</summary>
    Confirmed,
}
