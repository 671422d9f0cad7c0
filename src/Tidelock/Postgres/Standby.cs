using Npgsql;

namespace Tidelock.Postgres;

/// <summary>A standby that streams from the server and replays what it gets.</summary>
/// <param name="Name">What it calls itself: its application_name.</param>
/// <param name="Client">Its address; <c>local</c> for a socket.</param>
/// <param name="Lag">How long ago the server wrote what it replays now; null when it has nothing to replay.</param>
/// <param name="Behind">How much is not replayed yet, as PostgreSQL writes sizes: <c>16 MB</c>.</param>
public sealed record Standby(string Name, string Client, TimeSpan? Lag, string Behind)
{
    /// <summary>Whether it is the same one at another time.</summary>
    public bool IsSame(Standby other) => (Name, Client) == (other.Name, other.Client);

    public override string ToString() => $"{Name} ({Client})";
}

/// <summary>Asks the server about its standbys. Those behind another standby are not seen.</summary>
public static class Standbys
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>All of them; null where the role may not see how far they are.</summary>
    public static Task<IReadOnlyList<Standby>?> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        BehindAsync(session, null, cancellation);

    /// <summary>
    /// Where the server's log is on its disk once what was committed before is there. A commit that does not wait for the disk is there
    /// within three times wal_writer_delay; what is not by then belongs to transactions still open.
    /// </summary>
    public static async Task<string> PositionAsync(
        PostgresSession session,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var start = time.GetTimestamp();
        var (written, delay) = await AskAsync(
                "select pg_current_wal_insert_lsn()::text, current_setting('wal_writer_delay')::interval",
                r => (r.GetString(0), r.GetTimeSpan(1))
            )
            .ConfigureAwait(false);
        while (true)
        {
            var (position, isWhole) = await AskAsync(
                    "select l::text, l >= $1::pg_lsn from pg_current_wal_flush_lsn() l",
                    r => (r.GetString(0), r.GetBoolean(1)),
                    new NpgsqlParameter { Value = written }
                )
                .ConfigureAwait(false);
            if (isWhole || time.GetElapsedTime(start) > 3 * delay)
            {
                return position;
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }

        async Task<T> AskAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params NpgsqlParameter[] parameters) =>
            (await session.QueryAsync(sql, read, cancellation, parameters).ConfigureAwait(false)).Single();
    }

    /// <summary>Those that have not replayed the log up to a position; all where there is none. Null where that may not be seen.</summary>
    public static async Task<IReadOnlyList<Standby>?> BehindAsync(
        PostgresSession session,
        string? position,
        CancellationToken cancellation
    )
    {
        var found = await session
            .QueryAsync(
                SqlText.Beside<Standby>("Standbys"),
                r =>
                    r.GetBoolean(0)
                        ? new Standby(
                            r.GetString(1),
                            r.GetString(2),
                            r.IsDBNull(3) ? null : TimeSpan.FromSeconds(r.GetDouble(3)),
                            r.GetString(4)
                        )
                        : null,
                cancellation,
                new NpgsqlParameter { Value = position ?? "" }
            )
            .ConfigureAwait(false);
        return found.Contains(null) ? null : [.. found.OfType<Standby>()];
    }
}
