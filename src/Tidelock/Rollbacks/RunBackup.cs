using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>The backup of a run, as its step journaled it.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Level">How far it was proven: taken, verified, rehearsed.</param>
/// <param name="RestoreTook">How long the rehearsal's restore took; null when it was not rehearsed, or on a part of its data.</param>
/// <param name="TakenAt">Of which moment its data are; null where that is not known.</param>
/// <param name="MaxAge">The oldest that the change accepts; null in a journal from when that was not written down.</param>
public sealed record RunBackup(
    string Path,
    BackupLevel Level,
    TimeSpan? RestoreTook,
    DateTimeOffset? TakenAt = null,
    TimeSpan? MaxAge = null
)
{
    /// <summary>What was to be known of taking it: to whom it gave way, what it did not count; null for nothing.</summary>
    public IReadOnlyList<Message>? Notes { get; init; }

    internal const string Step = "backup";
    internal const string Fact = "backup";

    /// <summary>Null when the run has none.</summary>
    public static RunBackup? Of(StepContext context) => context.As(Step).Fact(Fact, RollbacksJson.Default.RunBackup);

    /// <summary>The same of a run that is looked at from outside its steps.</summary>
    internal static RunBackup? Of(RunState state) =>
        state.Fact(Step, Fact) is { } fact ? fact.Deserialize(RollbacksJson.Default.RunBackup) : null;

    /// <summary>Whether it is older by now than the change accepts.</summary>
    internal bool IsTooOld(DateTimeOffset now) => TakenAt is { } at && MaxAge is { } limit && now - at > limit;

    /// <summary>Who vouched for a dump whose origin it does not tell, as the gate found it before the run; null for nobody.</summary>
    internal static Message? VouchedBy(RunState state) =>
        state.Gates.TryGetValue(Step, out var gate) && gate.Passed && gate.By is { } by
            ? Message.Of("backups.vouched", ("by", by))
            : null;

    /// <summary>The same at a rollback, where it also speaks for the dump that the run accepted it before its change.</summary>
    internal Message? Vouch(RunState state) =>
        VouchedBy(state) ?? (Level >= BackupLevel.Verified ? Message.Of("backups.accepted", ("path", Path)) : null);

    internal Task RecordAsync(StepContext context, CancellationToken cancellation) =>
        context.As(Step).RecordAsync(Fact, this, RollbacksJson.Default.RunBackup, cancellation);
}
