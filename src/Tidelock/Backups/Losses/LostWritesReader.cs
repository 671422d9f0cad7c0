using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Losses;

/// <summary>
/// Compares the statistics of now with those of the manifest. They are comparable only within one life of the statistics: a crash, a reset or a failover
/// begins another.
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
    ) =>
        await WithRowsAsync(
                session,
                await CountersAsync(session, manifest, cancellation).ConfigureAwait(false),
                time,
                cancellation
            )
            .ConfigureAwait(false);

    /// <summary>The same by the server's statistics alone, which reads no table.</summary>
    public static async Task<LostWrites> CountersAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var held = await HeldBackCounters.AreThereAsync(session, cancellation).ConfigureAwait(false);
        var comparison = new TableComparison(
            await IncomparableAsync(session, manifest, cancellation).ConfigureAwait(false),
            await FallingTables.ReadAsync(session, manifest, cancellation).ConfigureAwait(false)
        );
        var now = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        var others = await TableStates.OthersAsync(session, cancellation).ConfigureAwait(false);
        return await OfAsync(
                session,
                [.. comparison.Losses(manifest.Tables, now), .. comparison.Others(manifest.Others, others)],
                held,
                cancellation
            )
            .ConfigureAwait(false);
    }

    /// <summary>
    /// What of the dump are not rows of ordinary tables and was written since, or may have been: large objects, and the tables in which extensions keep
    /// what they were configured with.
    /// </summary>
    public static async Task<IReadOnlyList<RelationName>> OthersAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var incomparable = await IncomparableAsync(session, manifest, cancellation).ConfigureAwait(false);
        var now = await TableStates.OthersAsync(session, cancellation).ConfigureAwait(false);
        var losses = new TableComparison(incomparable, new HashSet<RelationName>()).Others(manifest.Others, now);
        return [.. losses.Select(l => l.Table)];
    }

    /// <summary>What was written to a database since its tables were read, all of which goes.</summary>
    /// <param name="session">Of the database.</param>
    /// <param name="then">Its tables.</param>
    /// <param name="others">What it held besides; null where that was not noted, so that nothing is known of it.</param>
    /// <param name="since">Which life of the counters that was.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<LostWrites> SinceAsync(
        PostgresSession session,
        IReadOnlyList<TableState> then,
        IReadOnlyList<TableState>? others,
        StatisticsEpoch since,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var held = await HeldBackCounters.AreThereAsync(session, cancellation).ConfigureAwait(false);
        var incomparable = await UncountedAsync(session, since, cancellation).ConfigureAwait(false);
        var now = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        var othersNow = await TableStates.OthersAsync(session, cancellation).ConfigureAwait(false);
        var comparison = new TableComparison(incomparable, new HashSet<RelationName>());
        return await WithRowsAsync(
                session,
                await OfAsync(
                        session,
                        [.. comparison.Losses(then, now), .. comparison.Others(others, othersNow)],
                        held,
                        cancellation
                    )
                    .ConfigureAwait(false),
                time,
                cancellation
            )
            .ConfigureAwait(false);
    }

    /// <param name="session">Of the database.</param>
    /// <param name="losses">By the counters, which have been read.</param>
    /// <param name="held">Whether somebody held counters back before that; asked again here, for whoever has begun since.</param>
    /// <param name="cancellation">Ends it.</param>
    private static async Task<LostWrites> OfAsync(
        PostgresSession session,
        IReadOnlyList<LostTableWrites> losses,
        bool held,
        CancellationToken cancellation
    )
    {
        var lost = LostWrites.Of(losses);
        return lost.AtLeast || held || await HeldBackCounters.AreThereAsync(session, cancellation).ConfigureAwait(false)
            ? lost with
            {
                AtLeast = true,
            }
            : lost;
    }

    private static async Task<LostWrites> WithRowsAsync(
        PostgresSession session,
        LostWrites counters,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var counted = await EachAsync(
                counters.Tables,
                l => l.RowsThen is not null,
                async (l, left) =>
                    l with
                    {
                        RowsNow = await RowsAsync(session, l.Table, left, cancellation).ConfigureAwait(false),
                    },
                time
            )
            .ConfigureAwait(false);
        var read = await EachAsync(
                counted,
                l => !l.IsNew && l.Counted is not { Total: 0 },
                async (l, left) =>
                {
                    var (column, at) = await NewestAsync(session, l.Table, left, cancellation).ConfigureAwait(false);
                    return l with { NewestColumn = column, NewestAt = at };
                },
                time
            )
            .ConfigureAwait(false);
        return LostWrites.Of(read) with { AtLeast = counters.AtLeast };
    }

    /// <summary>With what is read of those that are wanted, the largest losses first, as far as the time goes; the rest stays as it is.</summary>
    private static async Task<List<LostTableWrites>> EachAsync(
        IReadOnlyList<LostTableWrites> losses,
        Func<LostTableWrites, bool> isWanted,
        Func<LostTableWrites, TimeSpan, Task<LostTableWrites>> read,
        TimeProvider time
    )
    {
        var since = time.GetTimestamp();
        var all = new List<LostTableWrites>(losses.Count);
        foreach (var loss in losses)
        {
            var left = ReadingLimit - time.GetElapsedTime(since);
            all.Add(
                !isWanted(loss) || left < TimeSpan.FromMilliseconds(1)
                    ? loss
                    : await read(loss, left).ConfigureAwait(false)
            );
        }

        return all;
    }

    private static async Task<Message?> IncomparableAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return
            identity.Timeline != manifest.Identity.Timeline
            || identity.DatabaseOid != manifest.Identity.DatabaseOid
            || !string.Equals(identity.SystemIdentifier, manifest.Identity.SystemIdentifier, StringComparison.Ordinal)
            ? Message.Of("backups.lost.other-server")
            : await UncountedAsync(session, manifest.StatisticsSince, cancellation).ConfigureAwait(false);
    }

    /// <summary>Why the server's counters tell nothing of what was written; null where they do.</summary>
    private static async Task<Message?> UncountedAsync(
        PostgresSession session,
        StatisticsEpoch? since,
        CancellationToken cancellation
    )
    {
        const string off = """
            select current_setting('track_counts') = 'off' or exists (
              select from pg_catalog.pg_db_role_setting s cross join unnest(s.setconfig) c
              where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
                and c ~* '^track_counts=(of|n|f|0)')
            """;
        return await session.ScalarAsync<bool>(off, cancellation).ConfigureAwait(false)
                ? Message.Of("backups.lost.uncounted")
            : await TableStates.EpochAsync(session, cancellation).ConfigureAwait(false) != since
                ? Message.Of("backups.lost.statistics-reset")
            : null;
    }

    private static Task<long?> RowsAsync(
        PostgresSession session,
        RelationName table,
        TimeSpan left,
        CancellationToken cancellation
    ) => WithinAsync<long?>(session, $"select count(*) from only {table.Sql}", left, cancellation);

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
