using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Backups.Dumps;

/// <summary>The server's side of a dump: the session that counts in its snapshot, and those of pg_dump, told by their application name.</summary>
/// <param name="Counting">The backend that counts.</param>
/// <param name="Dumping"><c>tidelock/RUN/EPOCH/dump</c>.</param>
internal sealed record DumpBackends(int Counting, string Dumping)
{
    public static DumpBackends Of(PostgresSession counting, string applicationName) =>
        new(counting.Connection.ProcessID, applicationName + "/dump");

    /// <summary>Ends them all, so that what they hold is free at once. Where the role may not, ending pg_dump must do.</summary>
    public async Task EndAsync(PostgresSession session, CancellationToken cancellation)
    {
        try
        {
            await session
                .ScalarAsync<long>(
                    """
                    select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where datname = current_database() and (pid = $1 or application_name = $2)
                    """,
                    cancellation,
                    new NpgsqlParameter { Value = Counting },
                    new NpgsqlParameter { Value = Dumping }
                )
                .ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // A role that the connection string sets is not the one that logged in.
        }
    }

    /// <summary>Whether the session that counts, and holds the snapshot, is still there.</summary>
    public Task<bool> IsThereAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<bool>(
            "select exists (select from pg_stat_activity where pid = $1)",
            cancellation,
            new NpgsqlParameter { Value = Counting }
        );
}
