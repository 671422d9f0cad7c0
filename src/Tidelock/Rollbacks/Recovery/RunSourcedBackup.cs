using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Runs;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>The backup of a run that another program or service keeps, as its step journaled it.</summary>
internal static class RunSourcedBackup
{
    private const string Fact = "sourced";

    /// <summary>Null when the run has none.</summary>
    public static SourcedBackup? Of(RunState state) =>
        state.Fact(RunBackup.Step, Fact)?.Deserialize(RecoveryJson.Default.SourcedBackup);

    public static Task RecordAsync(StepContext context, SourcedBackup backup, CancellationToken cancellation) =>
        context.As(RunBackup.Step).RecordAsync(Fact, backup, RecoveryJson.Default.SourcedBackup, cancellation);
}
