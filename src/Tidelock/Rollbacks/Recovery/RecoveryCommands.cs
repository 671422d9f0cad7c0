using System.Globalization;
using Tidelock.Backups;
using Tidelock.Backups.Commands;
using Tidelock.Backups.PgBackRest;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>What people run to restore a server to a moment, one command a line, with nothing left to fill in.</summary>
internal static class RecoveryCommands
{
    /// <param name="options">Which pgBackRest, and how it is started.</param>
    /// <param name="folder">The change's.</param>
    /// <param name="backup">The run's own, which ended before its change; null where none was journaled.</param>
    /// <param name="point">To where.</param>
    /// <param name="timeline">The server's, along which the change was made: an earlier try to restore it may have begun others.</param>
    /// <param name="place">The server.</param>
    public static IReadOnlyList<string> Of(
        PgBackRestOptions options,
        string folder,
        SourcedBackup? backup,
        RecoveryPoint point,
        int timeline,
        ServerPlace place
    )
    {
        var set = backup is null ? [] : new[] { "--set=" + backup.Id };
        var restore = new PgBackRestProgram(options, folder, TimeProvider.System).Words([
            "--delta",
            .. set,
            .. Target(backup, point),
            string.Create(CultureInfo.InvariantCulture, $"--target-timeline={timeline}"),
            "--target-action=promote",
            "restore",
        ]);
        return [place.Command("stop"), ShellWords.Line(restore), place.Command("start")];
    }

    /// <summary>The author's own command, or null where there is none.</summary>
    public static IReadOnlyList<string>? Of(CommandBackupOptions options, SourcedBackup? backup, RecoveryPoint point) =>
        options.Restore is { } restore
            ?
            [
                restore
                    .Replace("{time}", point.Text("yyyy-MM-dd'T'HH:mm:ss'Z'"), StringComparison.Ordinal)
                    .Replace("{id}", backup?.Id ?? "{id}", StringComparison.Ordinal),
            ]
            : null;

    /// <summary>
    /// A transaction is exact whatever the clocks say, but from a backup that was taken after it no recovery leads to it: so only from the run's
    /// own.
    /// </summary>
    private static string[] Target(SourcedBackup? backup, RecoveryPoint point) =>
        backup is not null && point.TransactionId is { } transaction
            ?
            [
                "--type=xid",
                string.Create(CultureInfo.InvariantCulture, $"--target={transaction & uint.MaxValue}"),
                "--target-exclusive",
            ]
            : ["--type=time", $"--target={point.Text("yyyy-MM-dd HH:mm:ss")}+00"];
}
