using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.PgBackRest;

/// <summary>Backups of the whole server that pgBackRest keeps, with the log files since.</summary>
internal sealed class PgBackRestSource(BackupPrograms programs, TimeProvider time) : IBackupSource
{
    public BackupSource By => BackupSource.PgBackRest;

    public async Task<BackupStanding> LookAsync(BackupRequest request, CancellationToken cancellation)
    {
        var options = request.Options.PgBackRest!;
        try
        {
            var (found, problem) = await FindAsync(request, options.Take is not null, cancellation)
                .ConfigureAwait(false);
            problem ??= await UnrehearsableAsync(request, cancellation).ConfigureAwait(false);
            return problem is not null ? new BackupStanding(false, problem)
                : options.Take is { } type
                    ? new BackupStanding(
                        true,
                        Message.Of(
                            "backups.backrest.will-take",
                            ("type", Word(type)),
                            ("stanza", options.Stanza),
                            ("level", BackupLevels.Demanded(request.Options.Proof))
                        )
                    )
                : new BackupStanding(
                    true,
                    Message.Of(
                        "backups.backrest.there",
                        ("backup", found!.Backup.Label),
                        ("stanza", options.Stanza),
                        ("age", time.GetUtcNow() - found.Backup.At),
                        ("limit", request.Options.MaxAge),
                        ("level", BackupLevels.Demanded(request.Options.Proof))
                    )
                );
        }
        catch (TidelockException e) when (IsOfProgram(e))
        {
            return new BackupStanding(false, e.Problem);
        }
    }

    public async Task<BackupProof> ProveAsync(BackupRequest request, CancellationToken cancellation)
    {
        try
        {
            var refusal =
                await UnrehearsableAsync(request, cancellation).ConfigureAwait(false)
                ?? await TakenAsync(request, cancellation).ConfigureAwait(false);
            return refusal is not null
                ? BackupProof.Refused(refusal)
                : await ProvenAsync(request, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e) when (IsOfProgram(e))
        {
            return BackupProof.Refused(e.Problem);
        }
    }

    /// <summary>Takes one where the change wants one and this run has none that is young enough; why not, or null.</summary>
    private async Task<Message?> TakenAsync(BackupRequest request, CancellationToken cancellation)
    {
        var options = request.Options.PgBackRest!;
        if (options.Take is not { } type || request.Earlier?.IsTooOld(time.GetUtcNow()) == false)
        {
            return null;
        }

        var (_, problem) = await FindAsync(request, mayBeNone: true, cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            // A stanza of another server is not written to.
            return problem;
        }

        request.Report(Message.Of("backups.backrest.taking", ("type", Word(type)), ("stanza", options.Stanza)));
        var taken = await new PgBackRestProgram(options, request.Folder, time)
            .RunAsync(options.Within, cancellation, "--type=" + Word(type), "backup")
            .ConfigureAwait(false);
        if (taken is null)
        {
            return Message.Of(
                "backups.backrest.take-late",
                ("type", Word(type)),
                ("stanza", options.Stanza),
                ("limit", options.Within)
            );
        }

        if (!taken.Succeeded)
        {
            return Message.Of(
                "backups.backrest.not-taken",
                ("type", Word(type)),
                ("stanza", options.Stanza),
                ("exit", taken.ExitCode),
                ("words", taken.LastWords)
            );
        }

        var (found, unfound) = await FindAsync(request, mayBeNone: false, cancellation).ConfigureAwait(false);
        if (found is not null)
        {
            await request.RecordAsync(Sourced(request, found, BackupLevel.Taken), cancellation).ConfigureAwait(false);
        }

        return unfound;
    }

    private async Task<BackupProof> ProvenAsync(BackupRequest request, CancellationToken cancellation)
    {
        var options = request.Options.PgBackRest!;
        var (found, problem) = await FindAsync(request, mayBeNone: false, cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            return BackupProof.Refused(problem);
        }

        request.Report(Message.Of("backups.backrest.continuity", ("backup", found!.Backup.Label)));
        var program = new PgBackRestProgram(options, request.Folder, time);
        var archive = new BackRestArchiving(program, found, time);
        if (await archive.ProblemAsync(request.OpenAsync, cancellation).ConfigureAwait(false) is { } gap)
        {
            return BackupProof.Refused(gap);
        }

        if (
            request.Options.Proof > BackupLevel.Taken
            && await UnverifiedAsync(request, program, found, cancellation).ConfigureAwait(false) is { } unverified
        )
        {
            return BackupProof.Refused(unverified);
        }

        return new BackupProof(
            Sourced(request, found, Read(request.Options.Proof)),
            Message.Of(
                request.Options.Proof > BackupLevel.Taken ? "backups.backrest.verified" : "backups.backrest.is-taken",
                ("backup", found.Backup.Label),
                ("type", found.Backup.Type),
                ("stanza", options.Stanza),
                ("size", found.Backup.Info?.Size is { } size ? Sizes.Short(size) : "?"),
                ("at", found.Backup.At)
            )
        )
        {
            Set = new BackRestSet(
                program,
                options.Stanza,
                found.Backup.Label!,
                found.Backup.Repository,
                found.Backup.Info?.Size,
                found.Backup.At!.Value
            ),
        };
    }

    /// <summary>How far it is proven by reading it.</summary>
    private static BackupLevel Read(BackupLevel demanded) =>
        demanded > BackupLevel.Taken ? BackupLevel.Verified : BackupLevel.Taken;

    /// <summary>Why this machine cannot restore one for proof, where that is demanded: a server's files are of no use to another version.</summary>
    private async Task<Message?> UnrehearsableAsync(BackupRequest request, CancellationToken cancellation)
    {
        if (request.Options.Proof < BackupLevel.Rehearsed)
        {
            return null;
        }

        var first = Path.GetFileName(request.Options.PgBackRest!.Program[0]);
        if (first is "sudo" or "su" or "runuser" or "doas")
        {
            return Message.Of("backups.backrest.other-user", ("program", first));
        }

        var major = (await IdentityAsync(request, cancellation).ConfigureAwait(false)).Major;
        try
        {
            var servers = await programs.ServersAsync(major, cancellation).ConfigureAwait(false);
            return servers.Major == major ? null : Unproven(major, servers.Major);
        }
        catch (TidelockException none)
        {
            return none.Problem;
        }
    }

    private static Message Unproven(int major, int have) =>
        Message.Of("backups.backrest.other-major", ("needed", major), ("have", have));

    private async Task<Message?> UnverifiedAsync(
        BackupRequest request,
        PgBackRestProgram program,
        FoundBackup found,
        CancellationToken cancellation
    )
    {
        var within = request.Options.PgBackRest!.Verify;
        request.Report(Message.Of("backups.backrest.verifying", ("backup", found.Backup.Label), ("limit", within)));
        var repository = found.Backup.Repository;
        var read = await program
            .RunAsync(
                within,
                cancellation,
                [
                    .. repository == 1 ? [] : new[] { PgBackRestProgram.Repository(repository) },
                    "--output=text",
                    "--verbose",
                    "verify",
                ]
            )
            .ConfigureAwait(false);
        return read switch
        {
            null => Message.Of("backups.backrest.verify-late", ("backup", found.Backup.Label), ("limit", within)),
            { Succeeded: true } => BackRestVerification.Problem(read.Output, found.Backup.Label!),
            _ => Message.Of(
                "backups.backrest.verify-failed",
                ("backup", found.Backup.Label),
                ("exit", read.ExitCode),
                ("words", read.LastWords)
            ),
        };
    }

    /// <summary>The newest backup of the very server, and why it does not count.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="mayBeNone">Whether one is about to be taken, so that those that are there do not matter.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task<(FoundBackup? Found, Message? Problem)> FindAsync(
        BackupRequest request,
        bool mayBeNone,
        CancellationToken cancellation
    )
    {
        var options = request.Options.PgBackRest!;
        var told = await new PgBackRestProgram(options, request.Folder, time)
            .LookAsync("info", cancellation, "--output=json", "info")
            .ConfigureAwait(false);
        if (!told.Succeeded)
        {
            return (
                null,
                Message.Of(
                    "backups.backrest.failed",
                    ("stanza", options.Stanza),
                    ("exit", told.ExitCode),
                    ("words", told.LastWords)
                )
            );
        }

        if (BackRestStanza.Of(told.Output, options.Stanza) is not { } stanza)
        {
            return (null, Message.Of("backups.backrest.answer", ("stanza", options.Stanza)));
        }

        var identity = await IdentityAsync(request, cancellation).ConfigureAwait(false);
        var newest = stanza.Newest(identity.SystemIdentifier);
        var problem =
            stanza.Unwell(mayBeNone ? null : newest)
            ?? stanza.Foreign(identity.SystemIdentifier)
            ?? (
                mayBeNone ? null
                : newest is null ? Message.Of("backups.backrest.none", ("stanza", options.Stanza))
                : newest.Problem(request.Options.MaxAge, time.GetUtcNow())
            );
        return problem is null && newest is not null
            ? (new FoundBackup(newest, stanza.ArchiveOf(newest)), null)
            : (null, problem);
    }

    private static async Task<ServerIdentity> IdentityAsync(BackupRequest request, CancellationToken cancellation)
    {
        await using var session = await request.OpenAsync(cancellation).ConfigureAwait(false);
        return await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
    }

    private static SourcedBackup Sourced(BackupRequest request, FoundBackup found, BackupLevel level) =>
        new(BackupSource.PgBackRest, found.Backup.Label!, level, found.Backup.At!.Value, request.Options.MaxAge);

    private static string Word(BackRestType type) => type.ToString().ToLowerInvariant();

    private static bool IsOfProgram(TidelockException e) =>
        e.Problem.Code is PgBackRestProgram.Silent || e.Problem.Code.StartsWith("programs.", StringComparison.Ordinal);
}

/// <summary>A backup, and the folder of the log files archived for it; null where the answer names none.</summary>
internal sealed record FoundBackup(BackRestBackup Backup, string? Archive);
