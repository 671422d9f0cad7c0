using Tidelock.Backups.Dumps;
using Tidelock.Backups.Losses;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Takes a backup with pg_dump: directory format, parallel, one snapshot that the row counts of the manifest share. It queues
/// behind nobody for long: every lock it waits for has a limit. Nor does anybody queue behind it: whoever has to wait for it ends it, and it
/// is taken again later.
/// </summary>
internal sealed class BackupTaker(ClientPrograms clients, TimeProvider time)
{
    internal const string LockWait = "10s";

    /// <summary>How long it waits for one lock.</summary>
    public TimeSpan Locks { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long somebody else may have to wait for it.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long it pauses before it is taken again when it gave way; as many times.</summary>
    public IReadOnlyList<TimeSpan> Pauses { get; init; } = [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2)];

    /// <summary>The migration's own tool, which is asked at which revision the database is; null for none.</summary>
    public ToolMigration? Tool { get; init; }

    /// <summary>Told when it gave way, to whom, and when it is taken again.</summary>
    public Action<Message> Report { get; init; } = _ => { };

    /// <summary>
    /// Takes one backup. A refusal (no room, a lock not granted, pg_dump failed) is a value and leaves nothing that looks like a
    /// backup, and so does cancelling.
    /// </summary>
    /// <param name="target">The database.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="options">Folder and jobs.</param>
    /// <param name="declared">The tables that this reads are counted first where the options name none; null for none.</param>
    /// <param name="progress">Called about twice a second while pg_dump runs.</param>
    public async Task<BackupTaking> TakeAsync(
        PostgresTarget target,
        string applicationName,
        BackupOptions options,
        RelationName? declared,
        Action<BackupProgress> progress,
        CancellationToken cancellation
    )
    {
        var order = new BackupOrder(applicationName, options, declared, Locks, Patience);
        var yielded = new List<Message>();
        while (true)
        {
            var taking = await TryAsync(target, order, progress, cancellation).ConfigureAwait(false);
            if (!taking.GaveWay)
            {
                return taking with { Notes = [.. yielded, .. taking.Notes] };
            }

            if (yielded.Count == Pauses.Count)
            {
                return new BackupTaking(
                    null,
                    Message.Of(
                        "backups.yield.gave-up",
                        ("target", target),
                        ("tries", yielded.Count + 1),
                        ("last", taking.Finding)
                    )
                );
            }

            var pause = Pauses[yielded.Count];
            yielded.Add(taking.Finding);
            Report(Message.Of("backups.yield.again", ("why", taking.Finding), ("pause", pause)));
            await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<BackupTaking> TryAsync(
        PostgresTarget target,
        BackupOrder order,
        Action<BackupProgress> progress,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, order.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var options = order.Options;
        try
        {
            var unknown = await TableStates.UnknownAsync(session, options.Count, cancellation).ConfigureAwait(false);
            if (unknown.Count > 0)
            {
                return new BackupTaking(
                    null,
                    Message.Of("backups.count.unknown", ("tables", string.Join(", ", unknown)))
                );
            }

            // What would fail after hours is asked before.
            var (compression, lacksIt) = await CompressionArgument
                .ChooseAsync(clients, target, order, cancellation)
                .ConfigureAwait(false);
            if (lacksIt is not null)
            {
                return new BackupTaking(null, lacksIt);
            }

            var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
            using var folder = BackupFolder.Create(options.FolderOrDefault(), identity.Database, time.GetUtcNow());
            if (
                options.Encrypt is { } encrypt
                && await DumpCipher.Of(encrypt).LackingAsync(folder.Path, cancellation).ConfigureAwait(false)
                    is { } unencrypted
            )
            {
                return new BackupTaking(null, unencrypted);
            }

            var size = await session
                .ScalarAsync<long>("select pg_database_size(current_database())", cancellation)
                .ConfigureAwait(false);
            return FreeSpace.Lacking(folder.Path, size) is { } lacking
                ? new BackupTaking(null, lacking)
                : await new BackupInProgress(
                    clients,
                    time,
                    session,
                    identity,
                    size,
                    order with
                    {
                        Compression = compression,
                        Revision = await RevisionAsync(target, order, identity, cancellation).ConfigureAwait(false),
                    },
                    folder,
                    progress
                )
                    .RunAsync(cancellation)
                    .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new BackupTaking(
                null,
                Message.Of("backups.not-written", ("folder", options.FolderOrDefault()), ("reason", e.Message))
            );
        }
    }

    /// <summary>As the tool's own record has it just before the dump; null where it cannot say.</summary>
    private async Task<string?> RevisionAsync(
        PostgresTarget target,
        BackupOrder order,
        ServerIdentity identity,
        CancellationToken cancellation
    )
    {
        if (Tool is null)
        {
            return null;
        }

        var ground = new ToolGround(target, order.ApplicationName, identity, Tool.Locks) { Time = time };
        var standing = await Tool.Tool.AskAsync(ground, cancellation).ConfigureAwait(false);
        return standing.Refusal is null ? standing.Revision : null;
    }
}
