using Tidelock.Backups;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>The backup of a run, as its step journaled it.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Level">How far it was proven: taken, verified, rehearsed.</param>
/// <param name="RestoreTook">How long the rehearsal's restore took; null when it was not rehearsed.</param>
public sealed record RunBackup(string Path, BackupLevel Level, TimeSpan? RestoreTook)
{
    internal const string Step = "backup";
    internal const string Fact = "backup";

    /// <summary>Null when the run has none.</summary>
    public static RunBackup? Of(StepContext context) => context.As(Step).Fact(Fact, RollbacksJson.Default.RunBackup);

    internal Task RecordAsync(StepContext context, CancellationToken cancellation) =>
        context.As(Step).RecordAsync(Fact, this, RollbacksJson.Default.RunBackup, cancellation);
}
