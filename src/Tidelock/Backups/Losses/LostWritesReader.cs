using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Losses;

/// <summary>
/// Compares the statistics of now with those of the manifest. They are comparable only within one life of the statistics (a crash,
/// a reset or a failover begins another), for the same table (oid) with the same file (TRUNCATE counts no rows).
/// </summary>
internal static class LostWritesReader
{
    /// <summary>How long the newest values of all tables together may take: somebody waits for the list of ways back. Their rows may take as long again.</summary>
    private static readonly TimeSpan ReadingLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Compares every table of the backup with what is there, and names what is there and not in the backup. Tables whose rows were counted for
    /// the backup are counted again, and the newest values read.
    /// </summary>
    public static async Task<LostWrites> ReadAsync(
        PostgresSession session,
        BackupManifest manifest,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var counters = await CountersAsync(session, manifest, cancellation).ConfigureAwait(false);
        var counted = await CountedAsync(session, counters.Tables, time, cancellation).ConfigureAwait(false);
        return LostWrites.Of(await NewestAsync(session, counted, time, cancellation).ConfigureAwait(false));
    }

    /// <summary>The same by the server's statistics alone, which reads no table.</summary>
    public static async Task<LostWrites> CountersAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var incomparable = await IncomparableAsync(session, manifest, cancellation).ConfigureAwait(false);
        var now = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        var left = now.ToDictionary(t => (t.Schema, t.Name));
        var losses = manifest
            .Tables.Select(then =>
                Loss(then, left.Remove((then.Schema, then.Name), out var t) ? t : null, incomparable)
            )
            .ToList();
        var falling = await FallingTables.ReadAsync(session, manifest, cancellation).ConfigureAwait(false);
        losses.AddRange(
            left.Values.Select(t => NewTable(t, falling.Contains(new RelationName(t.Schema, t.Name)), incomparable))
        );
        return LostWrites.Of([.. losses.OrderByDescending(l => l.Counted?.Total ?? long.MaxValue)]);
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

    private static LostTableWrites Loss(TableState then, TableState? now, Message? incomparable)
    {
        var count = now is null
            ? new WriteCount(0, 0, 0)
            : new WriteCount(now.Inserted - then.Inserted, now.Updated - then.Updated, now.Deleted - then.Deleted);
        var why =
            now is null ? Message.Of("backups.lost.gone")
            : incomparable is not null ? incomparable
            : now.Oid != then.Oid ? Message.Of("backups.lost.other-table")
            : now.FileNode != then.FileNode ? Message.Of("backups.lost.rewritten")
            : count.Inserted < 0 || count.Updated < 0 || count.Deleted < 0 ? Message.Of("backups.lost.statistics-reset")
            : null;
        return new LostTableWrites(
            new RelationName(then.Schema, then.Name),
            why is null ? count : null,
            why,
            null,
            null
        )
        {
            RowsThen = now is null ? null : then.Rows,
        };
    }

    /// <summary>Its counters began after the backup, with the table itself.</summary>
    private static LostTableWrites NewTable(TableState now, bool falls, Message? incomparable) =>
        new(
            new RelationName(now.Schema, now.Name),
            incomparable is null ? new WriteCount(now.Inserted, now.Updated, now.Deleted) : null,
            incomparable,
            null,
            null,
            IsNew: !falls
        )
        {
            Falls = falls,
            RowsThen = falls ? 0 : null,
        };

    /// <summary>With the rows of what would lose most, as far as the time goes.</summary>
    private static async Task<List<LostTableWrites>> CountedAsync(
        PostgresSession session,
        IReadOnlyList<LostTableWrites> losses,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var since = time.GetTimestamp();
        var read = new List<LostTableWrites>(losses.Count);
        foreach (var loss in losses)
        {
            var left = ReadingLimit - time.GetElapsedTime(since);
            if (loss.RowsThen is null || left < TimeSpan.FromMilliseconds(1))
            {
                read.Add(loss);
                continue;
            }

            var rows = await WithinAsync<long?>(
                    session,
                    $"select count(*) from only {loss.Table.Sql}",
                    left,
                    cancellation
                )
                .ConfigureAwait(false);
            read.Add(loss with { RowsNow = rows });
        }

        return read;
    }

    /// <summary>With the newest values of what would lose most, as far as the time goes; the rest of them stays unknown.</summary>
    private static async Task<List<LostTableWrites>> NewestAsync(
        PostgresSession session,
        IReadOnlyList<LostTableWrites> losses,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var since = time.GetTimestamp();
        var read = new List<LostTableWrites>(losses.Count);
        foreach (var loss in losses)
        {
            var left = ReadingLimit - time.GetElapsedTime(since);
            if (loss.IsNew || loss.Counted is { Total: 0 } || left < TimeSpan.FromMilliseconds(1))
            {
                read.Add(loss);
                continue;
            }

            var (column, at) = await NewestAsync(session, loss.Table, left, cancellation).ConfigureAwait(false);
            read.Add(loss with { NewestColumn = column, NewestAt = at });
        }

        return read;
    }

    private static async Task<(string? Column, DateTimeOffset? At)> NewestAsync(
        PostgresSession session,
        RelationName table,
        TimeSpan left,
        CancellationToken cancellation
    )
    {
        var column = await session
            .ScalarAsync<string>(
                """
                select attname::text from pg_attribute where attrelid = to_regclass($1) and atttypid = 'timestamptz'::regtype
                  and attname in ('updated_at', 'created_at') and not attisdropped order by attname desc limit 1
                """,
                cancellation,
                new NpgsqlParameter { Value = table.Sql }
            )
            .ConfigureAwait(false);
        if (column is null)
        {
            return (null, null);
        }

        var newest = await WithinAsync<DateTime?>(
                session,
                $"select max({Identifiers.Quote(column)}) from only {table.Sql}",
                left,
                cancellation
            )
            .ConfigureAwait(false);
        return (column, newest is { } at ? new DateTimeOffset(at) : null);
    }

    /// <summary>One value within the time that is left, two seconds at most; the default where it took longer or may not be read.</summary>
    private static async Task<T?> WithinAsync<T>(
        PostgresSession session,
        string sql,
        TimeSpan left,
        CancellationToken cancellation
    )
    {
        var limit = Math.Min((long)left.TotalMilliseconds, 2000);
        try
        {
            return await session
                .ScalarAsync<T>($"set statement_timeout = {limit}; set lock_timeout = '100ms'; {sql};", cancellation)
                .ConfigureAwait(false);
        }
        catch (PostgresException e)
            when (e.SqlState
                    is PostgresErrorCodes.QueryCanceled
                        or PostgresErrorCodes.LockNotAvailable
                        or PostgresErrorCodes.InsufficientPrivilege
            )
        {
            return default;
        }
        finally
        {
            await session
                .ExecuteAsync("set statement_timeout = 0; set lock_timeout = 0", cancellation)
                .ConfigureAwait(false);
        }
    }
}
