using System.Text.Json;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>One backup being taken.</summary>
internal sealed class BackupInProgress(
    ClientPrograms clients,
    TimeProvider time,
    PostgresSession session,
    ServerIdentity identity,
    long size,
    BackupOrder order,
    BackupFolder folder,
    Action<BackupProgress> progress
)
{
    public async Task<BackupTaking> RunAsync(CancellationToken cancellation)
    {
        // The counters are read before the snapshot, so that what is written in between is reported as lost and not forgotten.
        var epoch = await TableStates.EpochAsync(session, cancellation).ConfigureAwait(false);
        var tables = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        var others = await TableStates.OthersAsync(session, cancellation).ConfigureAwait(false);
        var source = await SourceSettings.ReadAsync(session, cancellation).ConfigureAwait(false);
        await session
            .ExecuteAsync(
                FormattableString.Invariant(
                    $"set lock_timeout = {(long)order.Locks.TotalMilliseconds}; set row_security = off; begin isolation level repeatable read read only"
                ),
                cancellation
            )
            .ConfigureAwait(false);
        var grants = await RelationGrant.ReadAsync(session, cancellation).ConfigureAwait(false);
        var snapshot = await Snapshot.ExportAsync(session, cancellation).ConfigureAwait(false);
        var (counted, refusal) = await new WatchedDump(
            new PgDumpRun(clients, session.Target, order, folder, progress, time),
            session,
            order,
            time
        )
            .RunAsync(snapshot.Name, tables, cancellation)
            .ConfigureAwait(false);
        if (counted is null)
        {
            return refusal!;
        }

        await session.ExecuteAsync("commit", cancellation).ConfigureAwait(false);
        var (encryption, problem) = await EncryptedDump
            .MakeAsync(folder.Dump, order.Options.Encrypt, cancellation)
            .ConfigureAwait(false);
        if (problem is not null)
        {
            return new BackupTaking(null, problem);
        }

        var files = await DumpFiles.DigestAsync(folder.Dump, cancellation).ConfigureAwait(false);
        var manifest = new BackupManifest(
            Tool,
            identity,
            session.Connection.ServerVersion,
            snapshot.WalPosition,
            snapshot.At,
            await Snapshot.ClockAsync(session, cancellation).ConfigureAwait(false),
            size,
            source,
            epoch,
            counted,
            grants,
            files,
            files.Sum(f => f.Size)
        )
        {
            Snapshot = snapshot.Transactions,
            DumpProgram = await PgDumpRun.VersionAsync(clients, cancellation).ConfigureAwait(false),
            Revision = order.Revision,
            Compression = CompressionArgument.Name(order.Compression),
            Encryption = encryption,
            Others = others,
            Counted = [.. order.Counted.Select(t => t.ToString())],
        };
        var uncounted = await UncountedAsync(counted, cancellation).ConfigureAwait(false);
        await WriteAsync(manifest, cancellation).ConfigureAwait(false);
        await FolderSync.WriteAsync([folder.Dump, folder.Path], cancellation).ConfigureAwait(false);
        var backup = folder.Finish();
        await FolderSync.WriteAsync([Path.GetDirectoryName(backup.Path)!], cancellation).ConfigureAwait(false);
        return new BackupTaking(backup, Taken(backup, manifest)) { Notes = uncounted };
    }

    private async Task WriteAsync(BackupManifest manifest, CancellationToken cancellation)
    {
        await using var file = File.Create(Path.Combine(folder.Path, Backup.ManifestName));
        await JsonSerializer
            .SerializeAsync(file, manifest, BackupJson.Default.BackupManifest, cancellation)
            .ConfigureAwait(false);
        file.Flush(flushToDisk: true);
    }

    /// <summary>What was to be counted and for what there was no time.</summary>
    private async Task<IReadOnlyList<Message>> UncountedAsync(
        IReadOnlyList<TableState> counted,
        CancellationToken cancellation
    )
    {
        var declared = await TableStates.ReadByAsync(session, order.Counted, cancellation).ConfigureAwait(false);
        var names = counted
            .Where(t => t.Rows is null && declared.Contains(t.Oid))
            .Select(t => new RelationName(t.Schema, t.Name))
            .ToList();
        return names.Count == 0
            ? []
            :
            [
                Message.Of(
                    "backups.count.unreached",
                    ("tables", string.Join(", ", names)),
                    ("limit", TableStates.CountLimit)
                ),
            ];
    }

    private static Message Taken(Backup backup, BackupManifest manifest) =>
        Message.Of(
            "backups.taken",
            ("path", backup.Path),
            ("size", Sizes.Short(manifest.Size)),
            ("tables", manifest.Tables.Count),
            ("took", manifest.FinishedAt - manifest.StartedAt)
        );

    private static string Tool => typeof(BackupTaker).Assembly.GetName().Version?.ToString(3) ?? "";
}
