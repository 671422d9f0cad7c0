using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>The backup on which this change was rehearsed already and that a run would take if the database is still as it was: with the recovery time that it promises.</summary>
internal static class RehearsedBackup
{
    /// <summary>Null for none. The database is asked who it is only where there may be one.</summary>
    public static async Task<Message?> FindAsync(GateContext context, CancellationToken cancellation)
    {
        var options = context.Options.Backup.In(context.Change.Folder);
        if (options.Proof != BackupLevel.Rehearsed || Newest(context, options, null) is null)
        {
            return null;
        }

        await using var session = await PostgresSession
            .OpenAsync(context.Target, "tidelock/gates", cancellation)
            .ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return Newest(context, options, identity) is { } backup
            ? Line(backup, options, context.Time.GetUtcNow())
            : null;
    }

    private static Backup? Newest(GateContext context, BackupOptions options, ServerIdentity? database) =>
        RehearsedBackups
            .Newest(
                options.FolderOrDefault(),
                context.Change.Digest,
                new RehearsalNeed(
                    context.Change.Section<RollbackOptions>().Method,
                    context.TargetEnvironment.Name,
                    Run: null
                ),
                options.MaxAge,
                context.Time.GetUtcNow(),
                database
            )
            .Backup;

    private static Message Line(Backup backup, BackupOptions options, DateTimeOffset now)
    {
        var record = backup.Rehearsal()!;
        var line = Message.Of(
            "gates.backup.rehearsed",
            ("at", record.At),
            ("by", record.By),
            ("took", record.RestoreTook),
            ("whole", record.WholeTook),
            ("age", now - backup.Manifest!.StartedAt),
            ("limit", options.MaxAge)
        );
        return record.Subset is { } subset
            ? Message.Of("gates.backup.rehearsed-subset", ("line", line), ("subset", subset.Text))
            : line;
    }
}
