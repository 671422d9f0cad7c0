using Npgsql;

namespace Tidelock.Postgres;

/// <summary>Tells a server that is gone, or the way to it, from SQL that failed.</summary>
public static class ConnectionLoss
{
    private const string IdleInTransactionSessionTimeout = "25P03";
    private const string TransactionTimeout = "25P04";
    private const string IdleSessionTimeout = "57P05";

    /// <summary>Whether nothing was said about the statement because the session, or the way to it, ended. A client's own time limit is
    /// no loss.</summary>
    public static bool IsLoss(Exception e) =>
        e switch
        {
            PostgresException p => EndsSession(p.SqlState),
            NpgsqlException n => n.InnerException is not TimeoutException,
            TidelockException t => t.Problem.Code.StartsWith("postgres.connect.", StringComparison.Ordinal),
            _ => false,
        };

    /// <summary>Whether the server ends the session with this SQLSTATE, so that it may have hidden another answer.</summary>
    public static bool EndsSession(string state) =>
        state
            is PostgresErrorCodes.AdminShutdown
                or PostgresErrorCodes.CrashShutdown
                or PostgresErrorCodes.CannotConnectNow
                or PostgresErrorCodes.DatabaseDropped
                or IdleSessionTimeout
                or IdleInTransactionSessionTimeout
                or TransactionTimeout
        || state.StartsWith("08", StringComparison.Ordinal);
}
