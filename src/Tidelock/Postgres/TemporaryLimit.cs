using Npgsql;

namespace Tidelock.Postgres;

/// <summary>A bound on the temporary files of the open transaction's statements. Setting it takes a superuser, or from 15 on a grant.</summary>
internal static class TemporaryLimit
{
    /// <summary>Sets it where the role may; a lower one that is there already stays.</summary>
    /// <param name="session">In a transaction.</param>
    /// <param name="bytes">Null for no bound of ours.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether it is set.</returns>
    public static async Task<bool> SetAsync(PostgresSession session, long? bytes, CancellationToken cancellation)
    {
        if (bytes is null)
        {
            return false;
        }

        await session.ExecuteAsync("savepoint temporary", cancellation).ConfigureAwait(false);
        try
        {
            await session
                .ScalarAsync<string>(
                    """
                    select pg_catalog.set_config(name, least(nullif(setting::bigint, -1), $1)::text || 'kB', true)
                    from pg_catalog.pg_settings where name = 'temp_file_limit'
                    """,
                    cancellation,
                    new NpgsqlParameter { Value = Math.Max(1, bytes.Value >> 10) }
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
