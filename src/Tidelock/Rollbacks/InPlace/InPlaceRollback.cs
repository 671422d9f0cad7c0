using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Losses;
using Tidelock.Backups.Restoring;
using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.InPlace;

/// <summary>For emergencies in which nothing can be restored beside: the backup is restored over the database. What was written since it was taken is lost.</summary>
/// <param name="programs">Finds pg_restore.</param>
/// <param name="time">The clock.</param>
/// <param name="options">How a change's backups are decrypted; null where none is encrypted.</param>
internal sealed class InPlaceRollback(
    BackupPrograms programs,
    TimeProvider time,
    Func<Change, BackupOptions>? options = null
) : IRollbackMethod
{
    internal const string IntentFact = InPlaceRestore.IntentFact;
    internal const string EndFact = InPlaceRestore.EndFact;
    private const string RevertStep = "rollback.revert";

    /// <summary>What <c>--in-place</c> asks for.</summary>
    internal const string MethodName = "in-place";

    public string Name => MethodName;

    public bool IsRestore => true;

    public bool MayBeRepeated => false;

    /// <summary>What is there may be half of a restore, which looks like the state before the change.</summary>
    public bool HasBegun(StepContext context) =>
        context.Fact(IntentFact, RollbacksJson.Default.RestoreIntent) is { } intent
        && !InPlaceRestore.IsOver(context, intent);

    public async Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return Unusable(Message.Of("rollbacks.backup.none"));
        }

        var backup = Backup.Open(known.Path);
        if (
            await RestorableBackup
                .UnreadableAsync(programs, OptionsOf(context), context, backup, cancellation)
                .ConfigureAwait(false) is
            { } problem
        )
        {
            return Unusable(problem);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        if (await InPlaceFit.ObstacleAsync(session, cancellation).ConfigureAwait(false) is { } obstacle)
        {
            return Unusable(obstacle);
        }

        var lost = backup.Manifest is { } manifest
            ? await LostWritesReader.ReadAsync(session, manifest, time, cancellation).ConfigureAwait(false)
            : LostWrites.Unknown;
        var tooLarge = await InPlaceFit
            .TooLargeAsync(session, known.RestoreTook, OptionsOf(context).Jobs, cancellation)
            .ConfigureAwait(false);

        // By one job, in one transaction, no rehearsal has restored it but that of a change which goes back so.
        var takes = RehearsedWay.BackBy(MethodName, context.State) ?? (tooLarge is null ? null : known.RestoreTook);
        var cost = await UndumpedTables
            .WithAsync(session, InPlaceCost.Of(known, lost, tooLarge, takes), cancellation)
            .ConfigureAwait(false);
        var assessment = new RollbackAssessment(true, cost, LosesWrites: true)
        {
            Takes = takes,
            RowsLost = lost.Total,
            AtLeast = lost.AtLeast,
            Interrupts = takes,
        };
        return await RescueWords
            .OfferedAsync(assessment, session, backup.Manifest, context.Run, isInPlace: true, cancellation)
            .ConfigureAwait(false);
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.none"));
        }

        var backup = Backup.Open(known.Path);
        var clients = await RestorableBackup
            .ClientsAsync(programs, context, backup, cancellation)
            .ConfigureAwait(false);
        var unverified = await RestorableBackup
            .UnverifiedAsync(clients, OptionsOf(context), context, known, cancellation)
            .ConfigureAwait(false);
        if (unverified is not null)
        {
            return StepOutcome.NeedsPerson(unverified);
        }

        var (plain, unopened) = await PlainDump
            .OpenAsync(backup, OptionsOf(context), cancellation)
            .ConfigureAwait(false);
        using (plain)
        {
            return plain is null
                ? StepOutcome.NeedsPerson(unopened!)
                : await new InPlaceRestore(context, clients, plain.Backup, OptionsOf(context).Jobs)
                    .RunAsync(known.RestoreTook, cancellation)
                    .ConfigureAwait(false);
        }
    }

    /// <summary>A change about no relation has no baseline: there the restore itself is what can be looked for.</summary>
    public Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation) =>
        RunBaseline.Of(context) is null
            ? VerifyRestoreAsync(context, cancellation)
            : RunBaseline.CompareAsync(context, cancellation);

    private async Task<StepOutcome> VerifyRestoreAsync(StepContext context, CancellationToken cancellation)
    {
        var revert = context.As(RevertStep);
        var intent = revert.Fact(IntentFact, RollbacksJson.Default.RestoreIntent);
        if (intent is null || InPlaceRestore.IsOver(revert, intent))
        {
            var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
            return standing.Where == Whereabouts.Before
                ? StepOutcome.Passed(standing.Finding)
                : StepOutcome.NeedsPerson(standing.Finding);
        }

        var end = revert.Fact(EndFact, RollbacksJson.Default.RestoreEnd);
        if (intent.Jobs is not null && end is not { Fate: RestoreFate.Restored })
        {
            // Of a restore by jobs the relations' oids do not tell whether it came to its end.
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.not-there", ("path", intent.Backup)));
        }

        var backup = Backup.Open(intent.Backup);
        var clients = await RestorableBackup
            .ClientsAsync(programs, context, backup, cancellation)
            .ConfigureAwait(false);
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var (plain, unopened) = await PlainDump
            .OpenListAsync(backup, OptionsOf(context), cancellation)
            .ConfigureAwait(false);
        using var removed = plain;
        if (plain is null)
        {
            return StepOutcome.NeedsPerson(unopened!);
        }

        var fate = await new BackupRestorer(clients, time)
            .FateAsync(plain.Backup, intent, session, cancellation)
            .ConfigureAwait(false);
        return fate == RestoreFate.Restored
            ? StepOutcome.Passed(Message.Of("rollbacks.backup.verified", ("path", backup.Path)))
            : StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.not-there", ("path", backup.Path)));
    }

    private BackupOptions OptionsOf(StepContext context) =>
        options?.Invoke(context.Change) ?? new BackupOptions(BackupSource.File, TimeSpan.Zero);

    private static RollbackAssessment Unusable(Message why) => new(Usable: false, why, LosesWrites: true);
}
