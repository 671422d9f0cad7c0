using Tidelock.Backups;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>A rehearsal within a run: what it is of, whether an earlier one still holds, and what is journaled of it.</summary>
internal static class StepRehearsal
{
    /// <summary>What a rehearsal must have been of, so that this run may take its backup.</summary>
    public static RehearsalNeed Need(StepContext context) =>
        new(context.Change.Section<RollbackOptions>().Method, context.TargetEnvironment.Name, context.Run.Value);

    /// <summary>Why a record does not hold for the target as it is now; null where it does.</summary>
    public static async Task<Message?> DriftAsync(
        StepContext context,
        RehearsalRecord record,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.RelationOf(context.Change) is not { } relation)
        {
            return record.Drift(null);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var now = await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false);
        return record.Drift(now.ClosureOrNull);
    }

    /// <summary>Whether an earlier rehearsal proves this change here and now.</summary>
    public static async Task<bool> HoldsAsync(
        StepContext context,
        RehearsalRecord known,
        CancellationToken cancellation
    ) =>
        known.Proves(context.Change.Digest)
        && known.Misfit(Need(context)) is null
        && await DriftAsync(context, known, cancellation).ConfigureAwait(false) is null;

    /// <param name="context">The run's.</param>
    /// <param name="options">With full paths.</param>
    /// <param name="takenAt">Of which moment the backup's data are; null where that is not known.</param>
    public static DataRehearsalOrder Order(StepContext context, BackupOptions options, DateTimeOffset? takenAt) =>
        new(
            context.Change,
            context.TargetEnvironment.Name,
            options,
            context.State.Started!.By,
            context.Run.Value,
            takenAt,
            context.OpenAsync
        );

    public static RehearsalWatch Watch(StepContext context) =>
        new(p => context.Report(Message.Of("steps.backup.part", ("part", RehearsedPart.NameOf(p)))), static _ => { });

    /// <summary>Journals it, and tells why it refuses the run; null where it does not.</summary>
    public static async Task<Message?> RecordAsync(
        StepContext context,
        RehearsalRecord record,
        CancellationToken cancellation
    )
    {
        await context
            .RecordAsync(RehearsalRecord.Fact, record, BackupJson.Default.RehearsalRecord, cancellation)
            .ConfigureAwait(false);
        return record.Failed is { } failed
            ? Message.Of(
                "steps.backup.rehearsal-failed",
                ("part", RehearsedPart.NameOf(failed.Part)),
                ("problem", failed.Finding)
            )
            : null;
    }

    /// <summary>What was rehearsed, and what may be promised.</summary>
    public static Message Rehearsed(RehearsalRecord record, long size)
    {
        var rehearsed = Message.Of(
            "steps.backup.rehearsed",
            ("path", record.Path),
            ("size", Sizes.Short(size)),
            ("took", record.RestoreTook),
            ("whole", record.WholeTook),
            ("at", record.At),
            ("by", record.By)
        );
        return record.Subset is { } subset
            ? Message.Of("steps.backup.subset", ("rehearsed", rehearsed), ("subset", subset.Text))
            : rehearsed;
    }

    public static StepOutcome Passed(Message finding, IReadOnlyList<Message> notes) =>
        StepOutcome.Passed(
            notes.Count == 0
                ? finding
                : Message.Of("steps.backup.noted", ("finding", finding), ("notes", Several.All(notes)))
        );
}
