using System.Globalization;
using System.Text.Json;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>One backup being taken.</summary>
internal sealed class BackupInProgress(
    ClientPrograms clients,
    TimeProvider time,
    PostgresSession session,
    ServerIdentity identity,
    long size,
    string applicationName,
    int jobs,
    RelationName? declared,
    BackupFolder folder,
    Action<BackupProgress> progress
)
{
    public async Task<BackupTaking> RunAsync(CancellationToken cancellation)
    {
        // The counters are read before the snapshot, so that what is written in between is reported as lost and not forgotten.
        var epoch = await TableStates.EpochAsync(session, cancellation).ConfigureAwait(false);
        var tables = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        var source = await SourceSettings.ReadAsync(session, cancellation).ConfigureAwait(false);
        await session
            .ExecuteAsync(
                $"set lock_timeout = '{BackupTaker.LockWait}'; set row_security = off; begin isolation level repeatable read read only",
                cancellation
            )
            .ConfigureAwait(false);
        var grants = await RelationGrant.ReadAsync(session, cancellation).ConfigureAwait(false);
        var snapshot = await Snapshot.ExportAsync(session, cancellation).ConfigureAwait(false);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var dumping = DumpAsync(snapshot.Name, tables.Count, both);
        var counted = await CountAsync(tables, dumping, both, cancellation).ConfigureAwait(false);
        var dumped = await dumping.ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        if (!dumped.Succeeded || counted is null)
        {
            return new BackupTaking(null, Failed(dumped));
        }

        await session.ExecuteAsync("commit", cancellation).ConfigureAwait(false);
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
        );
        await WriteAsync(manifest, cancellation).ConfigureAwait(false);
        var backup = folder.Finish();
        return new BackupTaking(backup, Taken(backup, manifest));
    }

    /// <summary>Counts in the snapshot while pg_dump reads it. When one fails the other is ended, too.</summary>
    private async Task<IReadOnlyList<TableState>?> CountAsync(
        IReadOnlyList<TableState> tables,
        Task<ProgramResult> dumping,
        CancellationTokenSource both,
        CancellationToken cancellation
    )
    {
        try
        {
            return await TableStates.CountAsync(session, tables, declared, time, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // The dump ended this, and tells why.
            return null;
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            await ((Task)dumping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task<ProgramResult> DumpAsync(string snapshot, int tables, CancellationTokenSource both)
    {
        var running = new ChildProgram(
            clients.PgDump,
            [
                "--format=directory",
                "--file=" + folder.Dump,
                "--jobs=" + jobs.ToString(CultureInfo.InvariantCulture),
                "--snapshot=" + snapshot,
                "--lock-wait-timeout=" + BackupTaker.LockWait,
                "--no-password",
            ],
            session.Target.LibpqEnvironment(applicationName)
        ).RunAsync(both.Token);
        try
        {
            await ShowAsync(running, tables).ConfigureAwait(false);
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        var result = await running.ConfigureAwait(false);
        if (!result.Succeeded)
        {
            await both.CancelAsync().ConfigureAwait(false);
        }

        return result;
    }

    private async Task ShowAsync(Task running, int tables)
    {
        while (!running.IsCompleted)
        {
            var tick = Task.Delay(TimeSpan.FromMilliseconds(500), time, CancellationToken.None);
            await Task.WhenAny(running, tick).ConfigureAwait(false);
            var written = DumpFiles.Sizes(folder.Dump);
            progress(new BackupProgress(written.Bytes, Math.Min(written.DataFiles, tables), tables));
        }
    }

    private async Task WriteAsync(BackupManifest manifest, CancellationToken cancellation)
    {
        await using var file = File.Create(Path.Combine(folder.Path, Backup.ManifestName));
        await JsonSerializer
            .SerializeAsync(file, manifest, BackupJson.Default.BackupManifest, cancellation)
            .ConfigureAwait(false);
        file.Flush(flushToDisk: true);
    }

    private Message Failed(ProgramResult dumped) =>
        Message.Of(
            "backups.dump-failed",
            ("target", session.Target),
            ("exit", dumped.ExitCode),
            ("words", dumped.LastWords)
        );

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
