namespace Tidelock.Postgres;

/// <summary>The server's one table of locks, which all its sessions share.</summary>
internal static class LockTable
{
    /// <summary>How many locks all sessions can hold at once; the server has a few more in reserve.</summary>
    public static Task<long> EntriesAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<long>(
            """
            select current_setting('max_locks_per_transaction')::bigint
              * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)
            """,
            cancellation
        );
}
