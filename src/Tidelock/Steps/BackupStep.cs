using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S2: takes a backup or looks at the one that was named, verifies it, and restores it for proof where the change asks for it.</summary>
internal sealed class BackupStep(BackupPrograms programs, TimeProvider time) : IStep
{
    public string Name => RunBackup.Step;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var gates = context.Change.Section<GateOptions>();
        if (gates.BackupLevel == GateLevel.Off)
        {
            return StepOutcome.Passed(Message.Of("steps.backup.off"));
        }

        var options = gates.Backup;
        if (options.By == BackupSource.Confirmed)
        {
            return StepOutcome.Passed(Message.Of("steps.backup.confirmed"));
        }

        var found = await programs.FindAsync(context.State.Started!.Identity.Major, cancellation).ConfigureAwait(false);
        var (path, refusal) = await PathAsync(context, found, options, cancellation).ConfigureAwait(false);
        return path is null
            ? StepOutcome.Refused(refusal!)
            : await ProveAsync(context, found, options, path, cancellation).ConfigureAwait(false);
    }

    /// <summary>The backup of this run: the one it took before a crash if that is whole, the one that was named, or a new one.</summary>
    private async Task<(string? Path, Message? Refusal)> PathAsync(
        StepContext context,
        ClientPrograms found,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        if (RunBackup.Of(context) is { } earlier)
        {
            return (earlier.Path, null);
        }

        if (options.By == BackupSource.File)
        {
            var named = Path.GetFullPath(options.File!, context.Change.Folder);
            return (named, null);
        }

        var taken = await new BackupTaker(found, time)
            .TakeAsync(
                context.Target,
                context.ApplicationName,
                options,
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

        await new RunBackup(taken.Backup.Path, BackupLevel.Taken, null)
            .RecordAsync(context, cancellation)
            .ConfigureAwait(false);
        return (taken.Backup.Path, null);
    }

    private async Task<StepOutcome> ProveAsync(
        StepContext context,
        ClientPrograms found,
        BackupOptions options,
        string path,
        CancellationToken cancellation
    )
    {
        var identity = context.State.Started!.Identity;
        var verified = await new BackupVerifier(found, time)
            .VerifyAsync(path, identity, options.MaxAge, cancellation)
            .ConfigureAwait(false);
        if (!verified.Passed)
        {
            return StepOutcome.Refused(verified.Problems[0]);
        }

        if (!options.Rehearse)
        {
            await new RunBackup(path, BackupLevel.Verified, null)
                .RecordAsync(context, cancellation)
                .ConfigureAwait(false);
            return StepOutcome.Passed(
                Message.Of("steps.backup.verified", ("path", path), ("size", Sizes.Short(verified.Size)))
            );
        }

        return await RehearseAsync(context, found, path, verified, cancellation).ConfigureAwait(false);
    }

    private async Task<StepOutcome> RehearseAsync(
        StepContext context,
        ClientPrograms found,
        string path,
        BackupVerification verified,
        CancellationToken cancellation
    )
    {
        context.Report(Message.Of("steps.backup.rehearsing", ("path", path)));
        var outcome = await new BackupRehearsal(found, time)
            .RehearseAsync(
                Backup.Open(path),
                await SourceAsync(context, cancellation).ConfigureAwait(false),
                (s, c) => ReadAsync(context, s, c),
                cancellation
            )
            .ConfigureAwait(false);
        if (outcome.Record is null)
        {
            return StepOutcome.Refused(outcome.Problem!);
        }

        var took = outcome.Record.RestoreTook;
        await new RunBackup(path, BackupLevel.Rehearsed, took).RecordAsync(context, cancellation).ConfigureAwait(false);
        return StepOutcome.Passed(
            Message.Of(
                "steps.backup.rehearsed",
                ("path", path),
                ("size", Sizes.Short(verified.Size)),
                ("took", took),
                ("tables", outcome.Record.TablesCompared)
            )
        );
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
