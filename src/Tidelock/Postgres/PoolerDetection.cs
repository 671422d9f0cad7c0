using Npgsql;

namespace Tidelock.Postgres;

/// <summary>How a connection pooler between us and the server shows itself.</summary>
public enum PoolerKind
{
    /// <summary>Nothing shows.</summary>
    None,

    /// <summary>The pid that was announced is not the backend's: something else answered the door.</summary>
    Pooler,

    /// <summary>Two clients share one backend: settings, locks and prepared statements would reach strangers.</summary>
    SharesBackends,
}

/// <summary>Finds a pooler in the way, without setting anything that it could hand to another client.</summary>
public static class PoolerDetection
{
    /// <exception cref="TidelockException"><c>postgres.connect.*</c>.</exception>
    public static async Task<PoolerKind> FindAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        await using var one = await PostgresSession
            .ConnectAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        await using var two = await PostgresSession
            .ConnectAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        try
        {
            var first = await BackendAsync(one, cancellation).ConfigureAwait(false);
            var second = await BackendAsync(two, cancellation).ConfigureAwait(false);
            return first == second ? PoolerKind.SharesBackends
                : first != one.ProcessID || second != two.ProcessID ? PoolerKind.Pooler
                : PoolerKind.None;
        }
        catch (NpgsqlException e)
        {
            throw ConnectionFailure.Of(target, e);
        }
    }

    private static async Task<int> BackendAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
        return (int)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }
}
