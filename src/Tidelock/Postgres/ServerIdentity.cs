namespace Tidelock.Postgres;

/// <summary>Which database this is, whatever name or address leads to it. Checked again after every reconnect.</summary>
/// <param name="SystemIdentifier"><c>pg_control_system().system_identifier</c>, as text.</param>
/// <param name="Timeline">The timeline the server writes on.</param>
/// <param name="Database">Database name.</param>
/// <param name="DatabaseOid">Database oid: changes when the database is swapped for another of the same name.</param>
/// <param name="ServerVersion"><c>server_version_num</c>, for example 150018.</param>
/// <param name="InRecovery">Whether this is a standby.</param>
public sealed record ServerIdentity(
    string SystemIdentifier,
    int Timeline,
    string Database,
    uint DatabaseOid,
    int ServerVersion,
    bool InRecovery
)
{
    /// <summary>Whether this is the database a run began on: same server, timeline and database, no other of its name, and writable.</summary>
    public bool IsSame(ServerIdentity other) =>
        IsSameDatabase(other) && DatabaseOid == other.DatabaseOid && Timeline == other.Timeline && !InRecovery;

    /// <summary>Whether this is the database of that name on the same server or on a copy of it, such as a standby or one that was promoted.</summary>
    public bool IsSameDatabase(ServerIdentity other) =>
        string.Equals(SystemIdentifier, other.SystemIdentifier, StringComparison.Ordinal)
        && string.Equals(Database, other.Database, StringComparison.Ordinal);

    /// <summary>Whether a standby of that server was promoted and serves the database now, which keeps its oid. What was committed last may be missing.</summary>
    public bool HasTakenOverFrom(ServerIdentity earlier) =>
        IsSameDatabase(earlier) && DatabaseOid == earlier.DatabaseOid && Timeline > earlier.Timeline && !InRecovery;

    public int Major => ServerVersion / 10000;

    public static async Task<ServerIdentity> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        (
            await session
                .QueryAsync(
                    """
                    select (select system_identifier::text from pg_control_system()),
                           case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint())
                        else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end,
                           current_database()::text, (select oid from pg_database where datname = current_database()),
                           current_setting('server_version_num')::int, pg_is_in_recovery()
                    """,
                    r => new ServerIdentity(
                        r.GetString(0),
                        r.GetInt32(1),
                        r.GetString(2),
                        r.GetFieldValue<uint>(3),
                        r.GetInt32(4),
                        r.GetBoolean(5)
                    ),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];
}
