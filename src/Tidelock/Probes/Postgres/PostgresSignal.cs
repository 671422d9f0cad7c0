namespace Tidelock.Probes.Postgres;

/// <summary>What the database's own statistics can tell.</summary>
public enum PostgresSignal
{
    /// <summary>Clients connected to the database.</summary>
    Connections,

    /// <summary>Those that run a statement now.</summary>
    Active,

    /// <summary>Those that are in a transaction and do nothing.</summary>
    IdleInTransaction,

    /// <summary>Those that wait for a lock.</summary>
    Blocked,

    /// <summary>How long the oldest transaction of a client has been open.</summary>
    LongestTransaction,

    /// <summary>How far the slowest standby is behind.</summary>
    ReplicationLag,

    /// <summary>Transactions committed per second.</summary>
    Commits,

    /// <summary>Transactions rolled back per second.</summary>
    Rollbacks,

    /// <summary>Deadlocks per second.</summary>
    Deadlocks,

    /// <summary>Queries of a relation per second.</summary>
    Calls,

    /// <summary>How long a query of the relation takes, on average.</summary>
    MeanTime,

    /// <summary>How many rows a query of the relation returns, on average.</summary>
    Rows,
}
