using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Takes a backup with pg_dump: directory format, parallel, one snapshot that the row counts of the manifest share. It queues
/// behind nobody for long and nobody queues behind it: every lock it waits for has a limit.
/// </summary>
internal sealed class BackupTaker(ClientPrograms clients, TimeProvider time)
{
    internal const string LockWait = "10s";

    /// <summary>
    /// Takes one backup. A refusal (no room, a lock not granted, pg_dump failed) is a value and leaves nothing that looks like a
    /// backup, and so does cancelling.
    /// </summary>
    /// <param name="target">The database.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="options">Folder and jobs.</param>
    /// <param name="declared">The tables that this reads are counted first; null for none.</param>
    /// <param name="progress">Called about twice a second while pg_dump runs.</param>
    public async Task<BackupTaking> TakeAsync(
        PostgresTarget target,
        string applicationName,
        BackupOptions options,
        RelationName? declared,
        Action<BackupProgress> progress,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            using var folder = BackupFolder.Create(options.FolderOrDefault(), identity.Database, time.GetUtcNow());
            var size = await session
                .ScalarAsync<long>("select pg_database_size(current_database())", cancellation)
                .ConfigureAwait(false);
            return FreeSpace.Lacking(folder.Path, size) is { } lacking
                ? new BackupTaking(null, lacking)
                : await new BackupInProgress(
                    clients,
                    time,
                    session,
                    identity,
                    size,
                    applicationName,
                    options.Jobs,
                    declared,
                    folder,
                    progress
                )
                    .RunAsync(cancellation)
                    .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new BackupTaking(
                null,
                Message.Of("backups.not-written", ("folder", options.FolderOrDefault()), ("reason", e.Message))
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return new BackupTaking(null, Message.Of("backups.locked", ("target", target), ("wait", LockWait)));
        }
    }
}
