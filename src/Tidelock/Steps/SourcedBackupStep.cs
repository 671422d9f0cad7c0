using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;

namespace Tidelock.Steps;

/// <summary>S2 where another program or service keeps the backup; dumps are the inner step's.</summary>
internal sealed class SourcedBackupStep(IReadOnlyList<IBackupSource> sources, BackupStep dumps) : IStep
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

        var request = new BackupRequest(
            gates.Backup,
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
        return StepOutcome.Passed(proof.Finding);
    }
}
