using Npgsql;
using NpgsqlTypes;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Compares the statistics of now with those of the manifest. They are comparable only within one life of the statistics (a crash,
/// a reset or a failover begins another), for the same table (oid) with the same file (TRUNCATE counts no rows).
/// </summary>
internal static class LostWritesReader
{
    public static async Task<LostWrites> ReadAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var incomparable = await IncomparableAsync(session, manifest, cancellation).ConfigureAwait(false);
        var now = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        var byName = now.ToDictionary(t => (t.Schema, t.Name));
        var losses = new List<LostTableWrites>();
        foreach (var then in manifest.Tables)
        {
            if (byName.TryGetValue((then.Schema, then.Name), out var table))
            {
                var (count, why) = Compare(then, table, incomparable);
                var (column, newest) = await NewestAsync(session, table, cancellation).ConfigureAwait(false);
                losses.Add(new LostTableWrites(new RelationName(then.Schema, then.Name), count, why, column, newest));
            }
        }

        return new LostWrites(
            [.. losses.OrderByDescending(l => l.Counted?.Total ?? long.MaxValue)],
            losses.Any(l => l.Counted is null) ? null : losses.Sum(l => l.Counted!.Total)
        );
    }

    private static async Task<Message?> IncomparableAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return identity.Timeline != manifest.Identity.Timeline
            || identity.DatabaseOid != manifest.Identity.DatabaseOid
            || !string.Equals(identity.SystemIdentifier, manifest.Identity.SystemIdentifier, StringComparison.Ordinal)
                ? Message.Of("backups.lost.other-server")
            : await TableStates.EpochAsync(session, cancellation).ConfigureAwait(false) != manifest.StatisticsSince
                ? Message.Of("backups.lost.statistics-reset")
            : null;
    }

    private static (WriteCount? Counted, Message? Why) Compare(TableState then, TableState now, Message? incomparable)
    {
        var count = new WriteCount(
            now.Inserted - then.Inserted,
            now.Updated - then.Updated,
            now.Deleted - then.Deleted
        );
        var why =
            incomparable
            ?? (
                now.Oid != then.Oid ? Message.Of("backups.lost.other-table")
                : now.FileNode != then.FileNode ? Message.Of("backups.lost.rewritten")
                : count.Inserted < 0 || count.Updated < 0 || count.Deleted < 0
                    ? Message.Of("backups.lost.statistics-reset")
                : null
            );
        return why is null ? (count, null) : (null, why);
    }

    private static async Task<(string? Column, DateTimeOffset? At)> NewestAsync(
        PostgresSession session,
        TableState table,
        CancellationToken cancellation
    )
    {
        var column = await session
            .ScalarAsync<string>(
                """
                select attname::text from pg_attribute where attrelid = $1 and atttypid = 'timestamptz'::regtype
                  and attname in ('updated_at', 'created_at') and not attisdropped order by attname desc limit 1
                """,
                cancellation,
                new NpgsqlParameter { Value = table.Oid, NpgsqlDbType = NpgsqlDbType.Oid }
            )
            .ConfigureAwait(false);
        if (column is null)
        {
            return (null, null);
        }

        try
        {
            var newest = await session
                .ScalarAsync<DateTime?>(
                    $"""
                    set statement_timeout = '2s'; set lock_timeout = '100ms';
                    select max({Identifiers.Quote(column)}) from only {new RelationName(table.Schema, table.Name).Sql};
                    """,
                    cancellation
                )
                .ConfigureAwait(false);
            return (column, newest is { } at ? new DateTimeOffset(at) : null);
        }
        catch (PostgresException e)
            when (e.SqlState
                    is PostgresErrorCodes.QueryCanceled
                        or PostgresErrorCodes.LockNotAvailable
                        or PostgresErrorCodes.InsufficientPrivilege
            )
        {
            return (column, null);
        }
        finally
        {
            await session
                .ExecuteAsync("set statement_timeout = 0; set lock_timeout = 0", cancellation)
                .ConfigureAwait(false);
        }
    }
}
