using Tidelock.Backups;
using Tidelock.Backups.PgBackRest;
using Tidelock.Gates;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S2 where another program or service keeps the backup; dumps are the inner step's.</summary>
internal sealed class SourcedBackupStep(
    IReadOnlyList<IBackupSource> sources,
    BackupStep dumps,
    DataRehearser rehearser,
    TimeProvider time
) : IStep
{
    public string Name => dumps.Name;

    public bool IsDueAgain(RunState state, DateTimeOffset now) =>
        RunSourcedBackup.Of(state) is { } backup
            ? !state.MayBeInPlace
                && state.Step(MigrateStep.StepName) is { Status: StepStatus.Pending, Attempts: 0 }
                && backup.IsTooOld(now)
            : dumps.IsDueAgain(state, now);

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var gates = context.Change.Section<GateOptions>();
        if (
            gates.BackupLevel == GateLevel.Off
            || sources.FirstOrDefault(s => s.By == gates.Backup.By) is not { } source
        )
        {
            return await dumps.RunAsync(context, cancellation).ConfigureAwait(false);
        }

        var options = gates.Backup.In(context.Change.Folder);
        if (await BackupConsent.LackingAsync(context, options, cancellation).ConfigureAwait(false) is { } unconsented)
        {
            return StepOutcome.Refused(unconsented);
        }

        var request = new BackupRequest(
            options,
            context.Change.Folder,
            context.Target,
            context.ApplicationName,
            context.OpenAsync
        )
        {
            Run = context.Run.Value,
            Earlier = RunSourcedBackup.Of(context.State),
            RecordAsync = (backup, stop) => RunSourcedBackup.RecordAsync(context, backup, stop),
            Report = context.Report,
        };
        var proof = await source.ProveAsync(request, cancellation).ConfigureAwait(false);
        if (proof.Backup is not { } proven)
        {
            return StepOutcome.Refused(proof.Finding);
        }

        await RunSourcedBackup.RecordAsync(context, proven, cancellation).ConfigureAwait(false);
        return options.Proof == BackupLevel.Rehearsed && proof.Set is { } set
            ? await RehearseAsync(context, options, proven, set, cancellation).ConfigureAwait(false)
            : StepOutcome.Passed(proof.Finding);
    }

    private async Task<StepOutcome> RehearseAsync(
        StepContext context,
        BackupOptions options,
        SourcedBackup backup,
        BackRestSet set,
        CancellationToken cancellation
    )
    {
        var record =
            Known(context, set) is { } known
            && await StepRehearsal.HoldsAsync(context, known, cancellation).ConfigureAwait(false)
                ? known
                : await RehearsedNowAsync(context, options, set, cancellation).ConfigureAwait(false);
        if (await StepRehearsal.RecordAsync(context, record, cancellation).ConfigureAwait(false) is { } failed)
        {
            return StepOutcome.Refused(failed);
        }

        var now = time.GetUtcNow();
        if (backup.IsTooOld(now))
        {
            // The rehearsal took that long: another backup would be too old after it, too.
            return StepOutcome.Refused(Backup.TooOld(backup.Id, backup.At, backup.MaxAge, now));
        }

        await RunSourcedBackup
            .RecordAsync(
                context,
                backup with
                {
                    Level = BackupLevel.Rehearsed,
                    RestoreTook = record.Promised,
                },
                cancellation
            )
            .ConfigureAwait(false);
        return StepRehearsal.Passed(StepRehearsal.Rehearsed(record, record.Size), record.Notes);
    }

    private Task<RehearsalRecord> RehearsedNowAsync(
        StepContext context,
        BackupOptions options,
        BackRestSet set,
        CancellationToken cancellation
    )
    {
        context.Report(Message.Of("steps.backup.rehearsing", ("path", set.Label)));
        return rehearser.RehearseAsync(
            set,
            StepRehearsal.Order(context, options, set.At),
            StepRehearsal.Watch(context),
            cancellation
        );
    }

    /// <summary>What this run has rehearsed of the same backup before a crash or a pause; null for nothing.</summary>
    private static RehearsalRecord? Known(StepContext context, BackRestSet set) =>
        context.Fact(RehearsalRecord.Fact, BackupJson.Default.RehearsalRecord) is { } record
        && string.Equals(record.ManifestDigest, set.Id, StringComparison.Ordinal)
            ? record
            : null;
}
