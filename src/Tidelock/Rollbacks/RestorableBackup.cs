using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Whether a run's backup can be restored, for every way back that restores it.</summary>
internal static class RestorableBackup
{
    /// <summary>The programs that can read it.</summary>
    public static Task<ClientPrograms> ClientsAsync(
        BackupPrograms programs,
        StepContext context,
        Backup backup,
        CancellationToken cancellation
    ) => programs.ReadingAsync(backup.Path, context.State.Started!.Identity.Major, cancellation);

    /// <summary>
    /// Looks at all of the backup of a run before it is restored, however old it is by now, and reports what is to be known of it. Returns its first
    /// problem, or null.
    /// </summary>
    public static async Task<Message?> UnverifiedAsync(
        ClientPrograms clients,
        BackupOptions options,
        StepContext context,
        RunBackup known,
        CancellationToken cancellation
    )
    {
        var verified = await new BackupVerifier(clients, context.Time) { Options = options }
            .VerifyAsync(
                known.Path,
                context.State.Started!.Identity,
                TimeSpan.MaxValue,
                known.Vouch(context.State),
                cancellation
            )
            .ConfigureAwait(false);
        foreach (var note in verified.Notes)
        {
            context.Report(note);
        }

        return verified.Passed ? null : verified.Problems[0];
    }

    /// <summary>Why the dump cannot be restored as it lies there; null where its list reads. That its data do too is found out before the restore.</summary>
    public static async Task<Message?> UnreadableAsync(
        BackupPrograms programs,
        BackupOptions options,
        StepContext context,
        Backup backup,
        CancellationToken cancellation
    )
    {
        if (backup.Manifest?.Encryption is null && DumpKind.Problem(backup.Dump) is { } problem)
        {
            return problem;
        }

        var (plain, unopened) = await PlainDump.OpenListAsync(backup, options, cancellation).ConfigureAwait(false);
        using var removed = plain;
        if (plain is null)
        {
            return unopened;
        }

        var clients = await ClientsAsync(programs, context, backup, cancellation).ConfigureAwait(false);
        var (list, read) = await DumpList.ReadAsync(clients, plain.Backup.Dump, cancellation).ConfigureAwait(false);
        return list is null
            ? Message.Of("backups.list-failed", ("path", backup.Path), ("words", read.LastWords))
            : null;
    }
}
