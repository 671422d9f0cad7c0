namespace Tidelock.Backups.Commands;

/// <summary><c>{ by: command, command: { status: [./rds.sh, status] } }</c>: programs that ask a managed service.</summary>
/// <param name="Status">Tells of a backup.</param>
/// <param name="Take">Begins one and tells of it; null where the run takes none.</param>
/// <param name="Restore">What people run to go back, with <c>{time}</c> and <c>{id}</c> in it; null where there is none.</param>
/// <param name="Within">How long a backup that was begun may need.</param>
public sealed record CommandBackupOptions(
    IReadOnlyList<string> Status,
    IReadOnlyList<string>? Take,
    string? Restore,
    TimeSpan Within
);
