using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Checks a backup without restoring it: there, a dump, readable, unchanged since it was taken, of this database, fresh, and
/// restorable by the programs at hand. A dump without a manifest is read to its end instead of compared with checksums.
/// </summary>
internal sealed class BackupVerifier(ClientPrograms clients, TimeProvider time)
{
    /// <summary>How this machine decrypts, where it can; without it an encrypted backup is not opened.</summary>
    public BackupOptions Options { get; init; } = new(BackupSource.File, TimeSpan.Zero);

    /// <param name="path">A folder that Tidelock wrote, or a dump in directory or custom format.</param>
    /// <param name="database">The database it must be of.</param>
    /// <param name="maxAge">The oldest that is accepted.</param>
    /// <param name="vouch">What speaks for a dump without a manifest being of this database; null for nothing, and then it is no more than taken.</param>
    public async Task<BackupVerification> VerifyAsync(
        string path,
        ServerIdentity database,
        TimeSpan maxAge,
        Message? vouch,
        CancellationToken cancellation
    )
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            return new BackupVerification(null, [Message.Of("backups.missing", ("path", path))], [], null, 0, null);
        }

        try
        {
            var check = new BackupCheck(clients, Options, Backup.Open(path), database, maxAge, vouch, time.GetUtcNow());
            return await check.RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return Taken(e.Problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Taken(Message.Of("backups.unreadable", ("path", path), ("reason", e.Message)));
        }
    }

    private static BackupVerification Taken(Message problem) => new(BackupLevel.Taken, [problem], [], null, 0, null);
}
