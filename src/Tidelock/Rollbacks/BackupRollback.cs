using Tidelock.Backups;
using Tidelock.Migrations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Method 2, for emergencies: the backup is restored over the database. What was written since it was taken is lost.</summary>
internal sealed class BackupRollback(BackupPrograms programs, TimeProvider time) : IRollbackMethod
{
    internal const string IntentFact = "restore";

    internal const string MethodName = "backup";

    public string Name => MethodName;

    public async Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } backup)
        {
            return new RollbackAssessment(false, Message.Of("rollbacks.backup.none"), LosesWrites: true);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var lost = Backup.Open(backup.Path).Manifest is { } manifest
            ? await LostWritesReader.ReadAsync(session, manifest, cancellation).ConfigureAwait(false)
            : new LostWrites([], null);
        return new RollbackAssessment(true, Cost(backup, lost), LosesWrites: true);
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBackup.Of(context) is not { } known)
        {
            return StepOutcome.NeedsPerson(Message.Of("rollbacks.backup.none"));
        }

        var clients = await programs
            .FindAsync(context.State.Started!.Identity.Major, cancellation)
            .ConfigureAwait(false);
        var backup = Backup.Open(known.Path);
        var verified = await new BackupVerifier(clients, time)
            .VerifyAsync(known.Path, context.State.Started.Identity, TimeSpan.MaxValue, cancellation)
            .ConfigureAwait(false);
        return verified.Passed
            ? await RestoreAsync(context, new BackupRestorer(clients, time), backup, cancellation).ConfigureAwait(false)
            : StepOutcome.NeedsPerson(verified.Problems[0]);
    }

    public Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation) =>
        RunBaseline.CompareAsync(context, cancellation);

    private static async Task<StepOutcome> RestoreAsync(
        StepContext context,
        BackupRestorer restorer,
        Backup backup,
        CancellationToken cancellation
    )
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        // With the intent of an earlier try the restorer asks the catalog first, and finishes what was restored.
        var intent = context.Fact(IntentFact, RollbacksJson.Default.RestoreIntent);
        if (intent is null)
        {
            intent = await restorer.PrepareAsync(backup, session, cancellation).ConfigureAwait(false);
            await context
                .RecordAsync(IntentFact, intent, RollbacksJson.Default.RestoreIntent, cancellation)
                .ConfigureAwait(false);
        }

        var locks = context.Change.Section<Migration>().Locks;
        var result = await restorer
            .RestoreAsync(backup, intent, context.Target, context.ApplicationName, locks, context.Report, cancellation)
            .ConfigureAwait(false);
        return Outcome(result.Fate, result.Finding);
    }

    private static StepOutcome Outcome(RestoreFate fate, Message finding) =>
        fate == RestoreFate.Restored ? StepOutcome.Passed(finding) : StepOutcome.NeedsPerson(finding);

    private static Message Cost(RunBackup backup, LostWrites lost) =>
        Message.Of(
            "rollbacks.backup.cost",
            ("path", backup.Path),
            ("took", (object?)backup.RestoreTook ?? "?"),
            ("rows", (object?)lost.Total ?? "?"),
            (
                "tables",
                string.Join(
                    ", ",
                    lost.Tables.Where(t => t.Counted is not { Total: 0 })
                        .Take(5)
                        .Select(t =>
                            $"{t.Table}: {t.Counted?.Total.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"}"
                        )
                )
            )
        );
}
