using Tidelock.Postgres;

namespace Tidelock.Migrations;

/// <summary>
/// Makes a transaction's id survive a crash of the server. An id that was only handed out is in no write-ahead log: after a crash the
/// server would hand it out again, and the fate of the stranger who gets it would be taken for ours.
/// </summary>
internal sealed class TransactionMark(PostgresSession session) : IAsyncDisposable
{
    private PostgresSession? other;

    /// <summary>Writes a record of the open transaction into the log and waits until it is on the server's disk.</summary>
    /// <returns>False where the role may not write one, so that the id says nothing after a crash.</returns>
    public async Task<bool> WriteAsync(CancellationToken cancellation)
    {
        if (!await session.ScalarAsync<bool>(MayWrite, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        await session.ExecuteAsync(Write, cancellation).ConfigureAwait(false);

        // Whoever commits afterwards brings everything before it to the disk; the transaction itself is not to commit yet.
        other ??= await PostgresSession
            .OpenAsync(session.Target, session.ApplicationName, cancellation)
            .ConfigureAwait(false);
        await other.ExecuteAsync(Flush, cancellation).ConfigureAwait(false);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        if (other is not null)
        {
            await other.DisposeAsync().ConfigureAwait(false);
        }
    }

    private const string MayWrite = """
        select bool_and(has_function_privilege(oid, 'execute')) from pg_proc
         where proname = 'pg_logical_emit_message' and pronamespace = 'pg_catalog'::regnamespace
           and proargtypes[2] = 'pg_catalog.text'::regtype
        """;

    /// <summary>A message of a transaction that nobody subscribes to: it exists on every major version and needs no table.</summary>
    private const string Write = "select pg_catalog.pg_logical_emit_message(true, 'tidelock', '')";

    private const string Flush = "begin; set local synchronous_commit = local; " + Write + "; commit";
}
