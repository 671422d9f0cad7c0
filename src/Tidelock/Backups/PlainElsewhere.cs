using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Whether a backup would put data of production unencrypted on another machine than the database's: its dump, or the copy that a rehearsal restores. That takes
/// a named person's consent.
/// </summary>
internal static class PlainElsewhere
{
    /// <summary>What a person would have to consent to; null where there is nothing of the kind.</summary>
    /// <param name="options">With full paths.</param>
    /// <param name="isProduction">What is in the staging environment may lie anywhere.</param>
    /// <param name="target">The database.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<Message?> ProblemAsync(
        BackupOptions options,
        bool isProduction,
        PostgresTarget target,
        CancellationToken cancellation
    )
    {
        // What pgBackRest keeps is its own configuration's matter; what is restored of it is not.
        var isPlain = options is { By: BackupSource.PgDump, Encrypt: null };
        var isRestored =
            options is { By: BackupSource.PgDump or BackupSource.PgBackRest, Proof: BackupLevel.Rehearsed };
        if (!isProduction || !(isPlain || isRestored))
        {
            return null;
        }

        var code = isPlain ? "backups.elsewhere" : "backups.elsewhere.rehearsal";
        var folder = isPlain ? options.FolderOrDefault() : options.Rehearsal.Folder ?? Path.GetTempPath();
        return await IsElsewhereAsync(folder, target, cancellation).ConfigureAwait(false)
            ? Message.Of(code, ("machine", Environment.MachineName), ("folder", folder))
            : null;
    }

    private static async Task<bool> IsElsewhereAsync(
        string folder,
        PostgresTarget target,
        CancellationToken cancellation
    )
    {
        if (IsOnNetwork(folder))
        {
            return true;
        }

        await using var session = await PostgresSession
            .OpenAsync(target, "tidelock/backup", cancellation)
            .ConfigureAwait(false);
        return !await SameMachine.IsAsync(session, cancellation).ConfigureAwait(false);
    }

    /// <summary>Of the nearest folder that is there: NFS, CIFS and the like are another machine's disk.</summary>
    private static bool IsOnNetwork(string folder)
    {
        var at = new DirectoryInfo(folder);
        while (!at.Exists && at.Parent is not null)
        {
            at = at.Parent;
        }

        return new DriveInfo(at.FullName).DriveType == DriveType.Network;
    }
}
