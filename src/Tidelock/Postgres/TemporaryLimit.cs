using Npgsql;

namespace Tidelock.Postgres;

/// <summary>A bound on the temporary files of the open transaction's statements. Setting it takes a superuser, or from 15 on a grant.</summary>
internal static class TemporaryLimit
{
    /// <summary>Sets it where the role may; one that is there already and no higher stays.</summary>
    /// <param name="session">In a transaction.</param>
    /// <param name="bytes">Null for no bound of ours.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether the server keeps it; true where there is none to keep.</returns>
    public static async Task<bool> SetAsync(PostgresSession session, long? bytes, CancellationToken cancellation)
    {
        if (bytes is null)
        {
            return true;
        }

        var wanted = Math.Max(1, bytes.Value >> 10);
        var there = await session
            .ScalarAsync<long>(
                "select setting::bigint from pg_catalog.pg_settings where name = 'temp_file_limit'",
                cancellation
            )
            .ConfigureAwait(false);
        if (there >= 0 && there <= wanted)
        {
            return true;
        }

        await session.ExecuteAsync("savepoint temporary", cancellation).ConfigureAwait(false);
        try
        {
            await session
                .ScalarAsync<string>(
                    "select pg_catalog.set_config('temp_file_limit', $1::text || 'kB', true)",
                    cancellation,
                    new NpgsqlParameter { Value = wanted }
                )
                .ConfigureAwait(false);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            await session.ExecuteAsync("rollback to savepoint temporary", cancellation).ConfigureAwait(false);
            return false;
        }
    }
}
