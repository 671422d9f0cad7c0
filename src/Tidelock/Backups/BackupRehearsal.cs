using System.Text.Json;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Proves a backup by restoring it, the way it would be restored in earnest, into a throwaway cluster that has the source's roles
/// as stubs: so owners and grants are proven, too. Then rows are counted and the caller's own question is asked. The cluster is
/// removed whatever happens.
/// </summary>
internal sealed class BackupRehearsal(ClientPrograms clients, TimeProvider time)
{
    /// <summary>Durable like a real server, because the time the restore takes is going to be promised.</summary>
    private static readonly LocalClusterOptions Durable = new()
    {
        ListensOnTcp = false,
        Settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["fsync"] = "on",
            ["synchronous_commit"] = "on",
            ["full_page_writes"] = "on",
            ["max_wal_size"] = RehearsalRoom.WalSetting,
        },
    };

    /// <summary>Rehearses one verified backup.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="source">Read from the database it is of: how large its largest index is; where the backup has no manifest, also locale, roles and size.</param>
    /// <param name="probe">Asked of the restored copy; returns a problem or null. PostgreSQL's errors may be thrown.</param>
    public async Task<RehearsalOutcome> RehearseAsync(
        Backup backup,
        SourceSettings source,
        Func<PostgresSession, CancellationToken, Task<Message?>> probe,
        CancellationToken cancellation
    )
    {
        var (list, read) = await DumpList.ReadAsync(clients, backup.Dump, cancellation).ConfigureAwait(false);
        if (list is null)
        {
            return Failed(Message.Of("backups.list-failed", ("path", backup.Path), ("words", read.LastWords)));
        }

        if (RehearsalRoom.Of(backup, source).Lacking(Path.GetTempPath()) is { } lacking)
        {
            return Failed(lacking);
        }

        var needed = backup.Manifest?.Identity.Major ?? list.ServerMajor ?? 0;
        var programs = await ServerPrograms
            .FindAsync(ProcessVariables.Read(), needed, cancellation)
            .ConfigureAwait(false);
        if (programs.Major < needed)
        {
            return Failed(Message.Of("backups.rehearsal.old-server", ("have", programs.Major), ("needed", needed)));
        }

        await using var cluster = await LocalCluster
            .StartAsync(Durable with { Programs = programs }, cancellation)
            .ConfigureAwait(false);
        var copy = new RehearsalCopy(cluster, backup, list, backup.Manifest?.Source ?? source, clients, time);
        return await ProveAsync(copy, backup, probe, cancellation).ConfigureAwait(false);
    }

    private async Task<RehearsalOutcome> ProveAsync(
        RehearsalCopy copy,
        Backup backup,
        Func<PostgresSession, CancellationToken, Task<Message?>> probe,
        CancellationToken cancellation
    )
    {
        var (took, problem) = await copy.RestoreAsync(cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            return new RehearsalOutcome(problem, null, copy.Notes);
        }

        await using var session = await copy.OpenAsync(cancellation).ConfigureAwait(false);
        var counted = (backup.Manifest?.Tables ?? []).Where(t => t.Rows is not null).ToList();
        problem =
            await CompareAsync(session, counted, cancellation).ConfigureAwait(false)
            ?? await AskAsync(session, probe, cancellation).ConfigureAwait(false);
        if (problem is not null)
        {
            return new RehearsalOutcome(problem, null, copy.Notes);
        }

        var record = new RehearsalRecord(
            backup.Manifest?.Digest() ?? "",
            time.GetUtcNow(),
            took,
            counted.Count,
            (backup.Manifest?.Tables.Count ?? 0) - counted.Count
        );
        await KeepAsync(backup, record, cancellation).ConfigureAwait(false);
        return new RehearsalOutcome(null, record, copy.Notes);
    }

    private static async Task<Message?> CompareAsync(
        PostgresSession session,
        IReadOnlyList<TableState> tables,
        CancellationToken cancellation
    )
    {
        foreach (var table in tables)
        {
            var rows = await TableStates.CountAsync(session, table, cancellation).ConfigureAwait(false);
            if (rows != table.Rows)
            {
                return Message.Of(
                    "backups.rehearsal.rows",
                    ("table", new RelationName(table.Schema, table.Name)),
                    ("rows", rows),
                    ("expected", table.Rows)
                );
            }
        }

        return null;
    }

    private static async Task<Message?> AskAsync(
        PostgresSession session,
        Func<PostgresSession, CancellationToken, Task<Message?>> probe,
        CancellationToken cancellation
    )
    {
        try
        {
            return await probe(session, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e)
        {
            return Message.Of("backups.rehearsal.probe-failed", ("reason", e.MessageText), ("code", e.SqlState));
        }
    }

    private static async Task KeepAsync(Backup backup, RehearsalRecord record, CancellationToken cancellation)
    {
        if (backup.Manifest is not null)
        {
            await File.WriteAllBytesAsync(
                    Path.Combine(backup.Path, Backup.RehearsalName),
                    JsonSerializer.SerializeToUtf8Bytes(record, BackupJson.Default.RehearsalRecord),
                    cancellation
                )
                .ConfigureAwait(false);
        }
    }

    private static RehearsalOutcome Failed(Message problem) => new(problem, null, []);
}
