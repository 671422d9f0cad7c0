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
    /// <summary>All of them; null where the role may not see how far they are.</summary>
    public static Task<IReadOnlyList<Standby>?> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        BehindAsync(session, null, cancellation);

    /// <summary>How far the server's own log is on its disk: what was committed before is in it.</summary>
    public static async Task<string> PositionAsync(PostgresSession session, CancellationToken cancellation) =>
        (
            await session
                .ScalarAsync<string>("select pg_current_wal_flush_lsn()::text", cancellation)
                .ConfigureAwait(false)
        )!;

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
