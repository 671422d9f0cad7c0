using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S2: takes a backup or looks at the one that was named, verifies it, and restores it for proof where the change asks for it.</summary>
internal sealed class BackupStep(BackupPrograms programs, TimeProvider time) : IStep
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

    /// <summary>The backup of this run: the one it took before a crash or a pause if that is whole and not too old by now, the one that was named, or a new one.</summary>
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

        if (await UnconsentedAsync(context, options, cancellation).ConfigureAwait(false) is { } unconsented)
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

    /// <summary>The gate asked this before the run; a run that is resumed on another machine would put the dump there.</summary>
    private static Task<Message?> UnconsentedAsync(
        StepContext context,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        var staging = context.Change.Section<GateOptions>().Staging.Environment;
        var hasConsent = context.State.Gates.TryGetValue(RunBackup.Step, out var gate) && gate.By is not null;
        return hasConsent
            ? Task.FromResult<Message?>(null)
            : PlainElsewhere.ProblemAsync(
                options,
                context.TargetEnvironment.Name != staging,
                context.Target,
                cancellation
            );
    }

    private async Task<StepOutcome> ProveAsync(
        StepContext context,
        BackupOptions options,
        string path,
        CancellationToken cancellation
    )
    {
        var identity = context.State.Started!.Identity;
        var found = await programs.ReadingAsync(path, identity.Major, cancellation).ConfigureAwait(false);
        var verified = await new BackupVerifier(found, time) { Options = options }
            .VerifyAsync(path, identity, options.MaxAge, RunBackup.VouchedBy(context.State), cancellation)
            .ConfigureAwait(false);
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
            return await RehearseAsync(context, options, found, backup, verified, cancellation).ConfigureAwait(false);
        }

        await backup.RecordAsync(context, cancellation).ConfigureAwait(false);
        return Passed(
            Message.Of(
                verified.Passed ? "steps.backup.verified" : "steps.backup.taken",
                ("path", path),
                ("size", Sizes.Short(verified.Size))
            ),
            verified.Notes
        );
    }

    private async Task<StepOutcome> RehearseAsync(
        StepContext context,
        BackupOptions options,
        ClientPrograms found,
        RunBackup backup,
        BackupVerification verified,
        CancellationToken cancellation
    )
    {
        context.Report(Message.Of("steps.backup.rehearsing", ("path", backup.Path)));
        var (plain, problem) = await PlainDump
            .OpenAsync(Backup.Open(backup.Path), options, cancellation)
            .ConfigureAwait(false);
        using var removed = plain;
        if (plain is null)
        {
            return StepOutcome.Refused(problem!);
        }

        var opened = plain.Backup;
        var notes = new List<Message>(verified.Notes);
        var outcome = await new BackupRehearsal(found, time)
            .RehearseAsync(
                opened,
                await SourceAsync(context, cancellation).ConfigureAwait(false),
                (s, c) => AskAsync(context, opened, s, notes, c),
                cancellation
            )
            .ConfigureAwait(false);
        if (outcome.Record is null)
        {
            return StepOutcome.Refused(outcome.Problem!);
        }

        var now = time.GetUtcNow();
        if (backup.IsTooOld(now))
        {
            // The rehearsal took that long: another backup would be too old after it, too.
            return StepOutcome.Refused(Backup.TooOld(backup.Path, backup.TakenAt!.Value, backup.MaxAge!.Value, now));
        }

        var took = outcome.Record.RestoreTook;
        await (backup with { Level = BackupLevel.Rehearsed, RestoreTook = took })
            .RecordAsync(context, cancellation)
            .ConfigureAwait(false);
        return Passed(
            Message.Of(
                "steps.backup.rehearsed",
                ("path", backup.Path),
                ("size", Sizes.Short(verified.Size)),
                ("took", took),
                ("tables", outcome.Record.TablesCompared)
            ),
            [.. notes, .. outcome.Notes]
        );
    }

    private static StepOutcome Passed(Message finding, IReadOnlyList<Message> notes) =>
        StepOutcome.Passed(
            notes.Count == 0
                ? finding
                : Message.Of("steps.backup.noted", ("finding", finding), ("notes", Several.All(notes)))
        );

    /// <summary>Where nothing tells what the dump is of, the copy is compared with the database; then the copy must answer.</summary>
    private static async Task<Message?> AskAsync(
        StepContext context,
        Backup backup,
        PostgresSession copy,
        List<Message> notes,
        CancellationToken cancellation
    )
    {
        if (backup.Manifest is null)
        {
            await using var target = await context.OpenAsync(cancellation).ConfigureAwait(false);
            var (difference, noted) = await BackupOrigin
                .DifferenceAsync(backup.Path, copy, target, cancellation)
                .ConfigureAwait(false);
            notes.AddRange(noted);
            if (difference is not null)
            {
                return difference;
            }
        }

        return await ReadAsync(context, copy, cancellation).ConfigureAwait(false);
    }

    private static async Task<SourceSettings> SourceAsync(StepContext context, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return await SourceSettings.ReadAsync(session, cancellation).ConfigureAwait(false);
    }

    /// <summary>The restored copy must let the relation be read, if the change is about one.</summary>
    private static async Task<Message?> ReadAsync(
        StepContext context,
        PostgresSession copy,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.RelationOf(context.Change) is not { } relation)
        {
            return null;
        }

        var there = await copy.ScalarAsync<bool>(
                $"select to_regclass({Identifiers.Literal(relation.Sql)}) is not null",
                cancellation
            )
            .ConfigureAwait(false);
        if (there)
        {
            await copy.ExecuteAsync($"select * from {relation.Sql} limit 100", cancellation).ConfigureAwait(false);
        }

        return null;
    }
}
