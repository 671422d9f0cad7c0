using Tidelock.Backups;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Method 2, for emergencies: the backup is restored over the database. What was written since it was taken is lost.</summary>
internal sealed class BackupRollback(BackupPrograms programs, TimeProvider time) : IRollbackMethod
{
    internal const string IntentFact = "restore";
    internal const string EndFact = "restore-end";
    private const string RevertStep = "rollback.revert";

    internal const string MethodName = "backup";

    public string Name => MethodName;

    public async Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return Unusable(Message.Of("rollbacks.backup.none"));
        }

        var backup = Backup.Open(known.Path);
        if (await UnreadableAsync(context, backup, cancellation).ConfigureAwait(false) is { } problem)
        {
            return Unusable(problem);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var lost = backup.Manifest is { } manifest
            ? await LostWritesReader.ReadAsync(session, manifest, time, cancellation).ConfigureAwait(false)
            : new LostWrites([], null);
        return new RollbackAssessment(true, BackupCost.Of(known, lost), LosesWrites: true);
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.none"));
        }

        var backup = Backup.Open(known.Path);
        var clients = await ClientsAsync(context, backup, cancellation).ConfigureAwait(false);
        var verified = await new BackupVerifier(clients, time)
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

        return verified.Passed
            ? await RestoreAsync(context, new BackupRestorer(clients, time), backup, cancellation).ConfigureAwait(false)
            : StepOutcome.NeedsPerson(verified.Problems[0]);
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
        if (intent is null || IsOver(revert, intent))
        {
            var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
            return standing.Where == Whereabouts.Before
                ? StepOutcome.Passed(standing.Finding)
                : StepOutcome.NeedsPerson(standing.Finding);
        }

        var backup = Backup.Open(intent.Backup);
        var clients = await ClientsAsync(context, backup, cancellation).ConfigureAwait(false);
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var fate = await new BackupRestorer(clients, time)
            .FateAsync(backup, intent, session, cancellation)
            .ConfigureAwait(false);
        return fate == RestoreFate.Restored
            ? StepOutcome.Passed(Message.Of("rollbacks.backup.verified", ("path", backup.Path)))
            : StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.not-there", ("path", backup.Path)));
    }

    private Task<ClientPrograms> ClientsAsync(StepContext context, Backup backup, CancellationToken cancellation) =>
        programs.ReadingAsync(backup.Path, context.State.Started!.Identity.Major, cancellation);

    /// <summary>Why the dump cannot be restored as it lies there; null where its list reads. That its data do too is found out before the restore.</summary>
    private async Task<Message?> UnreadableAsync(StepContext context, Backup backup, CancellationToken cancellation)
    {
        if (DumpKind.Problem(backup.Dump) is { } problem)
        {
            return problem;
        }

        var clients = await ClientsAsync(context, backup, cancellation).ConfigureAwait(false);
        var (list, read) = await DumpList.ReadAsync(clients, backup.Dump, cancellation).ConfigureAwait(false);
        return list is null
            ? Message.Of("backups.list-failed", ("path", backup.Path), ("words", read.LastWords))
            : null;
    }

    private static async Task<StepOutcome> RestoreAsync(
        StepContext context,
        BackupRestorer restorer,
        Backup backup,
        CancellationToken cancellation
    )
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var intent = await IntentAsync(context, restorer, backup, session, cancellation).ConfigureAwait(false);
        var locks = context.Change.Section<Migration>().Locks;
        var result = await restorer
            .RestoreAsync(backup, intent, context.Target, context.ApplicationName, locks, context.Report, cancellation)
            .ConfigureAwait(false);
        await context
            .RecordAsync(
                EndFact,
                new RestoreEnd(intent.RollbackAt ?? context.State.Rollback!.At, result.Fate),
                RollbacksJson.Default.RestoreEnd,
                CancellationToken.None
            )
            .ConfigureAwait(false);
        return Outcome(result.Fate, result.Finding);
    }

    /// <summary>
    /// With the intent of an earlier try the restorer asks the catalog first, and finishes what was restored. Only where an earlier rollback is
    /// known to have restored nothing does this one begin anew: people may have changed the same relations in between.
    /// </summary>
    private static async Task<RestoreIntent> IntentAsync(
        StepContext context,
        BackupRestorer restorer,
        Backup backup,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var intent = context.Fact(IntentFact, RollbacksJson.Default.RestoreIntent);
        if (intent is not null && !IsOver(context, intent))
        {
            return intent;
        }

        intent = await restorer.PrepareAsync(backup, session, cancellation).ConfigureAwait(false);
        intent = intent with { RollbackAt = context.State.Rollback!.At };
        await context
            .RecordAsync(IntentFact, intent, RollbacksJson.Default.RestoreIntent, cancellation)
            .ConfigureAwait(false);
        return intent;
    }

    private static bool IsOver(StepContext context, RestoreIntent intent) =>
        intent.RollbackAt is { } began
        && began != context.State.Rollback!.At
        && context.Fact(EndFact, RollbacksJson.Default.RestoreEnd) == new RestoreEnd(began, RestoreFate.NotRestored);

    private static StepOutcome Outcome(RestoreFate fate, Message finding) =>
        fate == RestoreFate.Restored ? StepOutcome.Passed(finding) : StepOutcome.NeedsPerson(finding);

    private static RollbackAssessment Unusable(Message why) => new(Usable: false, why, LosesWrites: true);
}
