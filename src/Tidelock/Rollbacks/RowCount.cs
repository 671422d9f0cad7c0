using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Counts the rows of a relation, for a limited time.</summary>
internal static class RowCount
{
    /// <summary>The rows; null where counting took too long; or why the relation cannot be read now.</summary>
    public static async Task<(long? Rows, Message? Refusal)> CountAsync(
        PostgresSession session,
        RelationName relation,
        TimeSpan limit,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        try
        {
            var rows = await new BoundedRead(session, limit, time)
                .RunAsync(
                    [relation.Schema],
                    async token =>
                    {
                        await session.ExecuteAsync("set local lock_timeout = '3s'", token).ConfigureAwait(false);
                        return await session
                            .ScalarAsync<long>($"select count(*) from {relation.Sql}", token)
                            .ConfigureAwait(false);
                    },
                    cancellation
                )
                .ConfigureAwait(false);
            return (rows, null);
        }
        catch (TimeoutException)
        {
            return (null, null);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return (null, Message.Of("rollbacks.baseline.busy", ("relation", relation), ("reason", e.MessageText)));
        }
    }
}
