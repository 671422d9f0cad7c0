using System.Globalization;
using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Backups.Dumps;

/// <summary>One run of pg_dump into a folder, with its progress.</summary>
internal sealed class PgDumpRun(
    ClientPrograms clients,
    PostgresTarget target,
    BackupOrder order,
    BackupFolder folder,
    Action<BackupProgress> progress,
    TimeProvider time
)
{
    /// <summary>Runs to its end; when what shows the progress fails, pg_dump is ended, too.</summary>
    /// <param name="snapshot">Whose data it reads.</param>
    /// <param name="applicationName">Of its backends.</param>
    /// <param name="tables">How many there are, for the progress.</param>
    /// <param name="cancellation">Ends it; it returns when pg_dump is gone.</param>
    public async Task<ProgramResult> RunAsync(
        string snapshot,
        string applicationName,
        int tables,
        CancellationToken cancellation
    )
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new ChildProgram(
            clients.PgDump,
            [
                "--format=directory",
                "--file=" + folder.Dump,
                "--jobs=" + order.Options.Jobs.ToString(CultureInfo.InvariantCulture),
                "--snapshot=" + snapshot,
                CompressionArgument.Of(order.Compression),
                order.LockWaitArgument,
                "--no-password",
            ],
            target.LibpqEnvironment(applicationName)
        )
        {
            OnStarted = folder.NoteAsync,
        }.RunAsync(ending.Token);
        try
        {
            await ShowAsync(running, tables).ConfigureAwait(false);
        }
        catch
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await running.ConfigureAwait(false);
    }

    /// <summary><c>15.18 (Debian 15.18-0+deb12u1)</c></summary>
    public static async Task<string> VersionAsync(ClientPrograms clients, CancellationToken cancellation)
    {
        var printed = await new ChildProgram(clients.PgDump, "--version").RunAsync(cancellation).ConfigureAwait(false);
        return printed.Output.Replace("pg_dump (PostgreSQL) ", "", StringComparison.Ordinal).Trim();
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
}
