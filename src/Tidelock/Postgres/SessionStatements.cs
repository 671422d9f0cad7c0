using Npgsql;

namespace Tidelock.Postgres;

/// <summary>Statements of which there must be exactly one.</summary>
internal static class SessionStatements
{
    /// <summary>
    /// Runs one statement as it stands: the text goes to the server unparsed, and the server refuses a second statement in it (42601).
    /// Earlier ones are run in the same round trip. Only the server's own limits and the cancellation end it: filling a materialized view
    /// may take longer than a client usually waits.
    /// </summary>
    public static async Task ExecuteOneAsync(
        this PostgresSession session,
        string sql,
        CancellationToken cancellation,
        params string[] before
    )
    {
        await using var batch = new NpgsqlBatch(session.Connection) { Timeout = 0 };
        foreach (var statement in before.Append(sql))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }

        await batch.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }
}
