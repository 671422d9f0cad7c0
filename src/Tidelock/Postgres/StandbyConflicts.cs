using Tidelock.Programs;

namespace Tidelock.Postgres;

/// <summary>How many queries of one database a standby has cancelled because they were in the way of the replay, by reason.</summary>
/// <param name="Standby">Which one, without a password.</param>
/// <param name="Lock">For an ACCESS EXCLUSIVE lock of the primary: DDL, or VACUUM giving pages back.</param>
/// <param name="Snapshot">For rows they might still see, that were removed on the primary.</param>
/// <param name="BufferPin">For a page that they read just then.</param>
/// <param name="Deadlock">Because they and the replay waited for each other.</param>
/// <param name="Tablespace">For temporary files in a tablespace that was dropped.</param>
/// <param name="Since">When counting began anew; null for never.</param>
public sealed record StandbyConflicts(
    string Standby,
    long Lock,
    long Snapshot,
    long BufferPin,
    long Deadlock,
    long Tablespace,
    DateTimeOffset? Since
)
{
    /// <summary>Each reason as the texts and the server's view name it.</summary>
    internal IReadOnlyList<(string Reason, long Count)> Reasons =>
        [
            ("lock", Lock),
            ("snapshot", Snapshot),
            ("bufferpin", BufferPin),
            ("deadlock", Deadlock),
            ("tablespace", Tablespace),
        ];

    /// <summary>How many more there are than before; null where counting began anew meanwhile.</summary>
    public StandbyConflicts? Over(StandbyConflicts before)
    {
        var more = this with
        {
            Lock = Lock - before.Lock,
            Snapshot = Snapshot - before.Snapshot,
            BufferPin = BufferPin - before.BufferPin,
            Deadlock = Deadlock - before.Deadlock,
            Tablespace = Tablespace - before.Tablespace,
        };
        return Since != before.Since || more.Reasons.Any(r => r.Count < 0) ? null : more;
    }

    /// <summary>Asks the standby.</summary>
    /// <param name="standby">Its connection string, which names the database.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="cancellation">Ends the question.</param>
    /// <exception cref="TidelockException">It does not answer.</exception>
    public static async Task<StandbyConflicts> ReadAsync(
        string standby,
        string applicationName,
        CancellationToken cancellation
    )
    {
        var target = PostgresTarget.Parse(standby, ProcessVariables.Read());
        await using var session = await PostgresSession
            .OpenAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        var found = await session
            .QueryAsync(
                """
                select c.confl_lock, c.confl_snapshot, c.confl_bufferpin, c.confl_deadlock, c.confl_tablespace, d.stats_reset
                from pg_catalog.pg_stat_database_conflicts c join pg_catalog.pg_stat_database d using (datid)
                where c.datname = pg_catalog.current_database()
                """,
                r => new StandbyConflicts(
                    target.ToString(),
                    r.GetInt64(0),
                    r.GetInt64(1),
                    r.GetInt64(2),
                    r.GetInt64(3),
                    r.GetInt64(4),
                    r.IsDBNull(5) ? null : r.GetFieldValue<DateTimeOffset>(5)
                ),
                cancellation
            )
            .ConfigureAwait(false);
        return found[0];
    }
}
