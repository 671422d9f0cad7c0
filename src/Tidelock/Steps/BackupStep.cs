using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S2: takes a backup or looks at the one that was named, verifies it, and restores it for proof where the change asks for it.</summary>
internal sealed class BackupStep(BackupPrograms programs, DataRehearser rehearser, TimeProvider time) : IStep
{
    public string Name => RunBackup.Step;

    /// <summary>A run that stood still before its change must not go on with a backup that is too old by now. Not once the change has been tried.</summary>
    public bool IsDueAgain(RunState state, DateTimeOffset now) =>
        !state.MayBeInPlace
        && state.Step(MigrateStep.StepName) is { Status: StepStatus.Pending, Attempts: 0 }
        && RunBackup.Of(state)?.IsTooOld(now) == true;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var gates = context.Change.Section<GateOptions>();
        if (gates.BackupLevel == GateLevel.Off)
        {
            return StepOutcome.Passed(Message.Of("steps.backup.off"));
        }

        var options = gates.Backup.In(context.Change.Folder);
        if (options.By == BackupSource.Confirmed)
        {
            return StepOutcome.Passed(Message.Of("steps.backup.confirmed"));
        }

        var (path, refusal) = await PathAsync(context, options, cancellation).ConfigureAwait(false);
        return path is null
            ? StepOutcome.Refused(refusal!)
            : await ProveAsync(context, options, path, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The backup of this run: the one it took before a crash or a pause if that is whole and not too old by now, the one that was named, one on
    /// which this change was rehearsed before the run, or a new one.
    /// </summary>
    private async Task<(string? Path, Message? Refusal)> PathAsync(
        StepContext context,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        var isFile = options.By == BackupSource.File;
        if (RunBackup.Of(context) is { } earlier && (isFile || !earlier.IsTooOld(time.GetUtcNow())))
        {
            return (earlier.Path, null);
        }

        if (isFile)
        {
            var named = Path.GetFullPath(options.File!, context.Change.Folder);
            return (named, null);
        }

        if (
            options.Proof == BackupLevel.Rehearsed
            && await RehearsedAsync(context, options, cancellation).ConfigureAwait(false) is { } rehearsed
        )
        {
            return (rehearsed.Path, null);
        }

        return await TakeAsync(context, options, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The newest on which this change was rehearsed: it ended before the run, and nobody waits for another one. The database must be as it
    /// was then, and no other run may have taken it: a restore of it would not bring back what is there now.
    /// </summary>
    private async Task<Backup?> RehearsedAsync(
        StepContext context,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        var (backup, misfit) = RehearsedBackups.Newest(
            options.FolderOrDefault(),
            context.Change.Digest,
            StepRehearsal.Need(context),
            options.MaxAge,
            time.GetUtcNow(),
            context.State.Started!.Identity
        );
        if (backup?.Rehearsal() is not { } record)
        {
            return Other(misfit);
        }

        if (await StepRehearsal.DriftAsync(context, record, cancellation).ConfigureAwait(false) is { } drift)
        {
            return Other(drift);
        }

        var verified = await VerifyAsync(context, options, backup.Path, cancellation).ConfigureAwait(false);
        if (!verified.Passed)
        {
            return Other(verified.Problems[0]);
        }

        try
        {
            await backup.KeepAsync(record with { UsedBy = context.Run.Value }, cancellation).ConfigureAwait(false);
            return backup;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Other(Message.Of("backups.unreadable", ("path", backup.Path), ("reason", e.Message)));
        }

        Backup? Other(Message? why)
        {
            if (why is not null)
            {
                context.Report(Message.Of("steps.backup.not-reused", ("reason", why)));
            }

            return null;
        }
    }

    private async Task<(string? Path, Message? Refusal)> TakeAsync(
        StepContext context,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        if (await BackupConsent.LackingAsync(context, options, cancellation).ConfigureAwait(false) is { } unconsented)
        {
            return (null, unconsented);
        }

        var found = await programs.FindAsync(context.State.Started!.Identity.Major, cancellation).ConfigureAwait(false);
        var taken = await new BackupTaker(found, time)
        {
            Report = context.Report,
            Tool = context.Change.Section<Migration>() as ToolMigration,
        }
            .TakeAsync(
                context.Target,
                context.ApplicationName,
                options,
                RunBaseline.RelationOf(context.Change),
                p =>
                    context.Report(
                        Message.Of(
                            "steps.backup.progress",
                            ("bytes", Sizes.Short(p.Bytes)),
                            ("table", p.TablesBegun),
                            ("tables", p.Tables)
                        )
                    ),
                cancellation
            )
            .ConfigureAwait(false);
        if (taken.Backup is null)
        {
            return (null, taken.Finding);
        }

        await new RunBackup(
            taken.Backup.Path,
            BackupLevel.Taken,
            null,
            taken.Backup.Manifest!.StartedAt,
            options.MaxAge
        )
        {
            Notes = taken.Notes.Count > 0 ? taken.Notes : null,
        }
            .RecordAsync(context, cancellation)
            .ConfigureAwait(false);
        return (taken.Backup.Path, null);
    }

    private async Task<StepOutcome> ProveAsync(
        StepContext context,
        BackupOptions options,
        string path,
        CancellationToken cancellation
    )
    {
        var verified = await VerifyAsync(context, options, path, cancellation).ConfigureAwait(false);
        if (verified.Refusal(options.Proof) is { } refusal)
        {
            return StepOutcome.Refused(refusal);
        }

        var taking = RunBackup.Of(context)?.Notes;
        verified = verified with { Notes = [.. taking ?? [], .. verified.Notes, .. verified.Problems] };
        var level = verified.Passed ? BackupLevel.Verified : BackupLevel.Taken;
        var backup = new RunBackup(path, level, null, verified.TakenAt, options.MaxAge) { Notes = taking };
        if (options.Proof == BackupLevel.Rehearsed)
        {
            return await RehearseAsync(context, options, backup, verified, cancellation).ConfigureAwait(false);
        }

        await backup.RecordAsync(context, cancellation).ConfigureAwait(false);
        return StepRehearsal.Passed(
            Message.Of(
                verified.Passed ? "steps.backup.verified" : "steps.backup.taken",
                ("path", path),
                ("size", Sizes.Short(verified.Size))
            ),
            verified.Notes
        );
    }

    private async Task<BackupVerification> VerifyAsync(
        StepContext context,
        BackupOptions options,
        string path,
        CancellationToken cancellation
    )
    {
        var identity = context.State.Started!.Identity;
        var found = await programs.ReadingAsync(path, identity.Major, cancellation).ConfigureAwait(false);
        return await new BackupVerifier(found, time) { Options = options }
            .VerifyAsync(path, identity, options.MaxAge, RunBackup.VouchedBy(context.State), cancellation)
            .ConfigureAwait(false);
    }

    private async Task<StepOutcome> RehearseAsync(
        StepContext context,
        BackupOptions options,
        RunBackup backup,
        BackupVerification verified,
        CancellationToken cancellation
    )
    {
        var record =
            verified.Rehearsal is { } known
            && await StepRehearsal.HoldsAsync(context, known, cancellation).ConfigureAwait(false)
                ? known
                : await RehearsedNowAsync(context, options, backup, cancellation).ConfigureAwait(false);
        if (await StepRehearsal.RecordAsync(context, record, cancellation).ConfigureAwait(false) is { } failed)
        {
            return StepOutcome.Refused(failed);
        }

        var now = time.GetUtcNow();
        if (backup.IsTooOld(now))
        {
            // The rehearsal took that long: another backup would be too old after it, too.
            return StepOutcome.Refused(Backup.TooOld(backup.Path, backup.TakenAt!.Value, backup.MaxAge!.Value, now));
        }

        await (backup with { Level = BackupLevel.Rehearsed, RestoreTook = record.Promised })
            .RecordAsync(context, cancellation)
            .ConfigureAwait(false);
        return StepRehearsal.Passed(
            StepRehearsal.Rehearsed(record, verified.Size),
            [.. verified.Notes, .. record.Notes]
        );
    }

    private Task<RehearsalRecord> RehearsedNowAsync(
        StepContext context,
        BackupOptions options,
        RunBackup backup,
        CancellationToken cancellation
    )
    {
        context.Report(Message.Of("steps.backup.rehearsing", ("path", backup.Path)));
        return rehearser.RehearseAsync(
            Backup.Open(backup.Path),
            StepRehearsal.Order(context, options, backup.TakenAt),
            StepRehearsal.Watch(context),
            cancellation
        );
    }
}
