using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.PgBackRest;

/// <summary>Whether all log files that a backup needs, and those filled since, are in the archive by now.</summary>
internal sealed class BackRestArchiving(PgBackRestProgram program, FoundBackup found, TimeProvider time)
{
    private const int Shown = 5;

    /// <summary>How long the server may need to archive what it has filled.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>Why the log is not whole, or that it cannot be told; null where it is.</summary>
    /// <param name="openAsync">Opens the database.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Message?> ProblemAsync(
        Func<CancellationToken, Task<PostgresSession>> openAsync,
        CancellationToken cancellation
    )
    {
        var (size, current) = await PositionAsync(openAsync, cancellation).ConfigureAwait(false);
        if (
            found.Archive is null
            || WalSegment.TryParse(found.Backup.Archive?.Start, size) is not { } start
            || WalSegment.TryParse(found.Backup.Archive?.Stop, size) is not { } stop
            || WalSegment.TryParse(current, size) is not { } writing
        )
        {
            return Message.Of("backups.backrest.log-unknown", ("backup", found.Backup.Label));
        }

        // The one that is being written is not archived; a backup's own last one must be, whatever came after.
        var end = writing with
        {
            Number = Math.Max(writing.Number - 1, stop.Number),
        };
        for (var since = time.GetTimestamp(); ; )
        {
            var gap = await GapAsync(new WalContinuity(size), start, end, cancellation).ConfigureAwait(false);
            if (gap is null or { IsAtTheEnd: false } || time.GetElapsedTime(since) >= Patience)
            {
                return gap is null ? null : Told(gap);
            }

            await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<WalGap?> GapAsync(
        WalContinuity continuity,
        WalSegment start,
        WalSegment end,
        CancellationToken cancellation
    )
    {
        var repository = found.Backup.Repository;
        var archived = await program.ArchivedAsync(found.Archive!, repository, cancellation).ConfigureAwait(false);
        if (archived is null)
        {
            return new WalGap([], IsAtTheEnd: false);
        }

        var history =
            start.Timeline == end.Timeline
                ? null
                : await program
                    .ReadAsync(found.Archive!, WalContinuity.HistoryOf(end.Timeline), repository, cancellation)
                    .ConfigureAwait(false);
        return continuity.Find(archived, start, end, history);
    }

    private Message Told(WalGap gap) =>
        gap.Names.Count == 0
            ? Message.Of("backups.backrest.log-unknown", ("backup", found.Backup.Label))
            : Message.Of(
                gap.IsAtTheEnd ? "backups.backrest.log-behind" : "backups.backrest.log-missing",
                ("backup", found.Backup.Label),
                ("count", gap.Names.Count),
                ("files", string.Join(", ", gap.Names.Take(Shown)) + (gap.Names.Count > Shown ? ", …" : "")),
                ("limit", Patience)
            );

    private static async Task<(long Size, string Current)> PositionAsync(
        Func<CancellationToken, Task<PostgresSession>> openAsync,
        CancellationToken cancellation
    )
    {
        // Where a file ends, the server gives the name of the one that is full and not of the one it writes next.
        await using var session = await openAsync(cancellation).ConfigureAwait(false);
        return (
            await session
                .QueryAsync(
                    "select pg_size_bytes(current_setting('wal_segment_size')), pg_walfile_name(pg_current_wal_lsn() + 1)",
                    r => (r.GetInt64(0), r.GetString(1)),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];
    }
}
