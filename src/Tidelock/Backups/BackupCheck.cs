using Tidelock.Backups.Dumps;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>One backup being checked.</summary>
internal sealed class BackupCheck(
    ClientPrograms clients,
    BackupOptions options,
    Backup backup,
    ServerIdentity database,
    TimeSpan maxAge,
    Message? vouch,
    DateTimeOffset now
)
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    private readonly List<Message> problems = [];
    private readonly List<Message> unproven = [];
    private readonly List<Message> notes = [];

    public async Task<BackupVerification> RunAsync(CancellationToken cancellation)
    {
        DateTimeOffset? takenAt = backup.Manifest?.StartedAt;
        if (backup.Manifest?.Encryption is { } encryption)
        {
            await FilesAsync(cancellation).ConfigureAwait(false);
            await EncryptedAsync(encryption, cancellation).ConfigureAwait(false);
        }
        else if (DumpKind.Problem(backup.Dump) is { } notADump)
        {
            takenAt = NotADump(notADump);
        }
        else
        {
            await FilesAsync(cancellation).ConfigureAwait(false);
            takenAt = await ListAsync(backup.Dump, cancellation).ConfigureAwait(false) ?? takenAt;
        }

        Origin();
        Age(takenAt);
        var rehearsal = backup.Rehearsal();
        var level =
            problems.Count + unproven.Count > 0 ? BackupLevel.Taken
            : rehearsal is null ? BackupLevel.Verified
            : BackupLevel.Rehearsed;
        return new BackupVerification(
            level,
            [.. problems, .. unproven],
            notes,
            takenAt,
            DumpKind.Size(backup.Dump),
            rehearsal
        )
        {
            Unproven = unproven,
        };
    }

    /// <summary>A plain dump is there, and nothing else can be told of it; its file's date is its age.</summary>
    private DateTimeOffset? NotADump(Message problem)
    {
        if (problem.Code != "backups.plain-text")
        {
            problems.Add(problem);
            return null;
        }

        unproven.Add(problem);
        notes.Add(Message.Of("backups.age-of-file"));
        return File.GetLastWriteTimeUtc(backup.Dump);
    }

    private async Task FilesAsync(CancellationToken cancellation)
    {
        foreach (var file in backup.Manifest?.Files ?? [])
        {
            var path = Path.Combine(backup.Dump, file.Path);
            var size = File.Exists(path) ? new FileInfo(path).Length : -1;
            if (size < 0)
            {
                problems.Add(Message.Of("backups.file-missing", ("file", file.Path), ("path", backup.Path)));
            }
            else if (size != file.Size)
            {
                problems.Add(
                    Message.Of(
                        "backups.file-size",
                        ("file", file.Path),
                        ("path", backup.Path),
                        ("size", size),
                        ("expected", file.Size)
                    )
                );
            }
            else if (
                !string.Equals(
                    await DumpFiles.Sha256Async(path, cancellation).ConfigureAwait(false),
                    file.Sha256,
                    StringComparison.Ordinal
                )
            )
            {
                problems.Add(Message.Of("backups.file-changed", ("file", file.Path), ("path", backup.Path)));
            }
        }
    }

    /// <summary>Without a key its checksums and its manifest must do; with one its list is read, too.</summary>
    private async Task EncryptedAsync(EncryptedFiles encryption, CancellationToken cancellation)
    {
        if (await DumpCipher.ForAsync(encryption, options.Encrypt, cancellation).ConfigureAwait(false) is null)
        {
            notes.Add(Message.Of("backups.encryption.unopened", ("path", backup.Path)));
            Programs(null);
            return;
        }

        var (dump, problem) = await PlainDump.OpenListAsync(backup, options, cancellation).ConfigureAwait(false);
        using (dump)
        {
            if (dump is null)
            {
                problems.Add(problem!);
            }
            else
            {
                await ListAsync(dump.Backup.Dump, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What pg_restore makes of it; returns its age where only the dump itself tells.</summary>
    private async Task<DateTimeOffset?> ListAsync(string dump, CancellationToken cancellation)
    {
        var (list, result) = await DumpList.ReadAsync(clients, dump, cancellation).ConfigureAwait(false);
        if (list is null)
        {
            problems.Add(Message.Of("backups.list-failed", ("path", backup.Path), ("words", result.LastWords)));
            return null;
        }

        if (!list.CreatesRelations)
        {
            problems.Add(Message.Of("backups.empty", ("path", backup.Path)));
        }

        Programs(list);
        return backup.Manifest is null ? await ForeignAsync(list, cancellation).ConfigureAwait(false) : null;
    }

    private void Programs(DumpList? list)
    {
        var server = backup.Manifest?.Identity.Major ?? list?.ServerMajor;
        if (server > clients.Major)
        {
            problems.Add(
                Message.Of("backups.newer-server", ("path", backup.Path), ("server", server), ("client", clients.Major))
            );
        }
    }

    /// <summary>A dump somebody else took: no checksums and no system identifier, so it is read to its end.</summary>
    private async Task<DateTimeOffset?> ForeignAsync(DumpList list, CancellationToken cancellation)
    {
        var read = await new ChildProgram(clients.PgRestore, "--file=/dev/null", backup.Dump)
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        if (!read.Succeeded)
        {
            problems.Add(Message.Of("backups.data-unreadable", ("path", backup.Path), ("words", read.LastWords)));
        }

        notes.Add(Message.Of("backups.no-manifest", ("path", backup.Path), ("database", database.Database)));
        notes.Add(Message.Of("backups.zone-assumed", ("zone", TimeZoneInfo.Local.Id)));
        if (!string.Equals(list.Database, database.Database, StringComparison.Ordinal))
        {
            problems.Add(OtherDatabase(list.Database ?? "?"));
        }

        return list.CreatedAt;
    }

    private void Origin()
    {
        if (backup.Manifest is not { Identity: var from })
        {
            Vouched();
            return;
        }

        if (!string.Equals(from.SystemIdentifier, database.SystemIdentifier, StringComparison.Ordinal))
        {
            problems.Add(
                Message.Of(
                    "backups.other-server",
                    ("path", backup.Path),
                    ("database", from.Database),
                    ("from", from.SystemIdentifier),
                    ("expected", database.SystemIdentifier)
                )
            );
        }
        else if (!string.Equals(from.Database, database.Database, StringComparison.Ordinal))
        {
            problems.Add(OtherDatabase(from.Database));
        }
    }

    private void Vouched()
    {
        if (vouch is null)
        {
            unproven.Add(Message.Of("backups.unvouched", ("path", backup.Path), ("database", database.Database)));
        }
        else
        {
            notes.Add(vouch);
        }
    }

    private Message OtherDatabase(string from) =>
        Message.Of("backups.other-database", ("path", backup.Path), ("from", from), ("expected", database.Database));

    private void Age(DateTimeOffset? takenAt)
    {
        if (takenAt is not { } at)
        {
            problems.Add(Message.Of("backups.age-unknown", ("path", backup.Path)));
        }
        else if (now - at > maxAge)
        {
            problems.Add(Backup.TooOld(backup.Path, at, maxAge, now));
        }
        else if (at - now > ClockTolerance)
        {
            problems.Add(Message.Of("backups.from-the-future", ("path", backup.Path), ("at", at), ("now", now)));
        }
    }
}
