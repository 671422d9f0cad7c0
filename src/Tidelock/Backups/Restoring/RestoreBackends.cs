using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Restoring;

/// <summary>
/// The server's side of a running pg_restore. Its application name has a word more than the run's other connections have, so that
/// it can be told from them.
/// </summary>
internal static class RestoreBackends
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary><c>tidelock/RUN/EPOCH/restore</c>.</summary>
    public static string NameOf(string applicationName) => applicationName + "/restore";

    /// <summary>Ends those that pg_restore left behind, for example when it was killed, and returns when they are gone.</summary>
    /// <exception cref="TidelockException"><c>backups.restore.backend-stays</c>: the fate cannot be told while one is there.</exception>
    public static async Task EndAsync(
        PostgresSession session,
        string applicationName,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var started = time.GetTimestamp();
        while (await EndOnceAsync(session, NameOf(applicationName), cancellation).ConfigureAwait(false) > 0)
        {
            if (time.GetElapsedTime(started) > Limit)
            {
                throw new TidelockException(
                    Message.Of("backups.restore.backend-stays", ("target", session.Target), ("limit", Limit)),
                    ExitCode.NeedsPerson
                );
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), time, cancellation).ConfigureAwait(false);
        }
    }

    private static Task<long> EndOnceAsync(PostgresSession session, string name, CancellationToken cancellation) =>
        session.ScalarAsync<long>(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where application_name = $1 and datname = current_database()
            """,
            cancellation,
            new NpgsqlParameter { Value = name }
        );
}
