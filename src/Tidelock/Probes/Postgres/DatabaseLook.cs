using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>What one statement tells of the database at one moment: clients, counters, standbys, and what may be read of statements.</summary>
/// <param name="Connections">Clients of the database, less our own.</param>
/// <param name="Active">Those that run a statement; meaningless where some are hidden.</param>
/// <param name="IdleInTransaction">Those in a transaction that do nothing.</param>
/// <param name="Blocked">Those that wait for a lock.</param>
/// <param name="LongestTransaction">Seconds since the oldest transaction began; zero where none is open.</param>
/// <param name="Hidden">Clients whose doings this role does not see.</param>
/// <param name="Counters">Commits, rollbacks and deadlocks since <paramref name="Since"/>.</param>
/// <param name="Since">What the counters count from: the server's start and their last reset.</param>
/// <param name="Standbys">How many standbys report what they have replayed; null where this role does not see it.</param>
/// <param name="ReplicationLag">Seconds the slowest of them is behind; null where it is not known.</param>
/// <param name="StatementsIn">The schema of pg_stat_statements; null where it is not installed.</param>
/// <param name="SeesStatements">Whether this role sees other roles' statements.</param>
internal sealed record DatabaseLook(
    long Connections,
    long Active,
    long IdleInTransaction,
    long Blocked,
    double LongestTransaction,
    long Hidden,
    DatabaseCounters Counters,
    string Since,
    long? Standbys,
    double? ReplicationLag,
    string? StatementsIn,
    bool SeesStatements
)
{
    public static DatabaseLook Of(NpgsqlDataReader r) =>
        new(
            r.GetInt64(0),
            r.GetInt64(1),
            r.GetInt64(2),
            r.GetInt64(3),
            r.GetDouble(4),
            r.GetInt64(5),
            new DatabaseCounters(r.GetInt64(6), r.GetInt64(7), r.GetInt64(8)),
            r.GetString(9),
            r.IsDBNull(10) ? null : r.GetInt64(10),
            r.IsDBNull(11) ? null : r.GetDouble(11),
            r.IsDBNull(12) ? null : r.GetString(12),
            r.GetBoolean(13)
        );

    /// <summary>The statement.</summary>
    public static string Sql { get; } = SqlText.Beside<DatabaseLook>("DatabaseLook");
}

/// <summary>What pg_stat_database counts.</summary>
internal sealed record DatabaseCounters(long Commits, long Rollbacks, long Deadlocks)
{
    public bool IsAfter(DatabaseCounters earlier) =>
        Commits >= earlier.Commits && Rollbacks >= earlier.Rollbacks && Deadlocks >= earlier.Deadlocks;
}
