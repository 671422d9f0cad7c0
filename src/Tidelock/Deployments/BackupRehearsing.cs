using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>
/// Takes a backup, or looks at one that is named, and rehearses the change on its data: what a deployment then finds done. Changes nothing in
/// the database.
/// </summary>
public sealed class BackupRehearsing
{
    internal const string Application = "tidelock/rehearsal";

    private readonly Deployment deployment;
    private readonly BackupPrograms programs;
    private readonly IReadOnlyList<IBackupSource> sources;
    private readonly DataRehearser rehearser;
    private readonly TimeProvider time;

    internal BackupRehearsing(
        Deployment deployment,
        BackupPrograms programs,
        IReadOnlyList<IBackupSource> sources,
        DataRehearser rehearser,
        TimeProvider time
    ) =>
        (this.deployment, this.programs, this.sources, this.rehearser, this.time) = (
            deployment,
            programs,
            sources,
            rehearser,
            time
        );

    /// <param name="request">The change, its database and who asks.</param>
    /// <param name="file">A backup that Tidelock took, or a dump; null to take one.</param>
    /// <param name="report">What is being done.</param>
    /// <param name="over">A part that is over.</param>
    /// <param name="cancellation">Ends it: what is not whole by then is removed.</param>
    /// <returns>The record; or why there is none.</returns>
    /// <exception cref="TidelockException">The database or this machine's programs are not to be had.</exception>
    public async Task<(RehearsalRecord? Record, Message? Refusal)> RehearseAsync(
        DeploymentRequest request,
        string? file,
        Action<Message> report,
        Action<RehearsedPart> over,
        CancellationToken cancellation
    )
    {
        var options = request.Change.Section<GateOptions>().Backup.In(request.Change.Folder);
        if (file is null && options.PgBackRest is not null)
        {
            return await BackRestAsync(request, options, report, over, cancellation).ConfigureAwait(false);
        }

        var identity = await IdentityAsync(request.Target, cancellation).ConfigureAwait(false);
        var (path, refusal) = file is null
            ? await TakeAsync(request, options, identity, report, cancellation).ConfigureAwait(false)
            : (Path.GetFullPath(file), null);
        if (path is null)
        {
            return (null, refusal);
        }

        // Whoever names a dump here says what it is of, for this rehearsal alone.
        report(Message.Of("deployments.rehearse.verifying", ("path", path)));
        var clients = await programs.ReadingAsync(path, identity.Major, cancellation).ConfigureAwait(false);
        var verified = await new BackupVerifier(clients, time) { Options = options }
            .VerifyAsync(
                path,
                identity,
                options.MaxAge,
                Message.Of("backups.vouched", ("by", request.By)),
                cancellation
            )
            .ConfigureAwait(false);
        if (!verified.Passed)
        {
            return (null, verified.Problems[0]);
        }

        var order = Order(request, options, verified.TakenAt);
        try
        {
            var record = await rehearser
                .RehearseAsync(Backup.Open(path), order, Watch(report, over), cancellation)
                .ConfigureAwait(false);
            return (record with { Notes = [.. verified.Notes, .. record.Notes] }, null);
        }
        catch (TargetLostException lost)
        {
            return (null, lost.Problem);
        }
    }

    /// <summary>A backup that pgBackRest has or takes. The gate must have demanded it: it also asks where the copy may lie.</summary>
    private async Task<(RehearsalRecord? Record, Message? Refusal)> BackRestAsync(
        DeploymentRequest request,
        BackupOptions options,
        Action<Message> report,
        Action<RehearsedPart> over,
        CancellationToken cancellation
    )
    {
        if (options.Proof < BackupLevel.Rehearsed)
        {
            return (null, Message.Of("deployments.rehearse.not-demanded"));
        }

        if (await deployment.GateAsync(request, "backup", cancellation).ConfigureAwait(false) is { Passed: false } gate)
        {
            return (null, gate.Finding);
        }

        var asked = new BackupRequest(
            options,
            request.Change.Folder,
            request.Target,
            Application,
            c => PostgresSession.OpenAsync(request.Target, Application, c)
        )
        {
            Report = report,
        };
        var source = sources.Single(s => s.By == options.By);
        var proof = await source.ProveAsync(asked, cancellation).ConfigureAwait(false);
        if (proof.Set is not { } set)
        {
            return (null, proof.Finding);
        }

        try
        {
            var order = Order(request, options, set.At);
            return (
                await rehearser.RehearseAsync(set, order, Watch(report, over), cancellation).ConfigureAwait(false),
                null
            );
        }
        catch (TargetLostException lost)
        {
            return (null, lost.Problem);
        }
    }

    private static DataRehearsalOrder Order(
        DeploymentRequest request,
        BackupOptions options,
        DateTimeOffset? takenAt
    ) =>
        new(
            request.Change,
            request.TargetEnvironment.Name,
            options,
            request.By,
            null,
            takenAt,
            c => PostgresSession.OpenAsync(request.Target, Application, c)
        );

    private static RehearsalWatch Watch(Action<Message> report, Action<RehearsedPart> over) =>
        new(p => report(Message.Of("steps.backup.part", ("part", RehearsedPart.NameOf(p)))), over);

    private async Task<(string? Path, Message? Refusal)> TakeAsync(
        DeploymentRequest request,
        BackupOptions options,
        ServerIdentity identity,
        Action<Message> report,
        CancellationToken cancellation
    )
    {
        if (options.By != BackupSource.PgDump)
        {
            return (null, Message.Of("deployments.rehearse.no-dump"));
        }

        // Production's data may need a person's consent to lie here.
        if (await deployment.GateAsync(request, "backup", cancellation).ConfigureAwait(false) is { Passed: false } gate)
        {
            return (null, gate.Finding);
        }

        var clients = await programs.FindAsync(identity.Major, cancellation).ConfigureAwait(false);
        var taker = new BackupTaker(clients, time)
        {
            Report = report,
            Tool = request.Change.Section<Migration>() as ToolMigration,
        };
        var taken = await taker
            .TakeAsync(
                request.Target,
                Application,
                options,
                Rollbacks.RunBaseline.RelationOf(request.Change),
                p =>
                    report(
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
        taken.Notes.ToList().ForEach(report);
        return taken.Backup is { } backup ? (backup.Path, null) : (null, taken.Finding);
    }

    private static async Task<ServerIdentity> IdentityAsync(PostgresTarget target, CancellationToken cancellation)
    {
        await using var session = await PostgresSession
            .OpenAsync(target, Application, cancellation)
            .ConfigureAwait(false);
        return await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
    }
}
