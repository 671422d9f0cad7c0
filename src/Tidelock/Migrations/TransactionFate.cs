using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations;

/// <summary>What became of a transaction.</summary>
public enum TransactionFate
{
    Committed,
    Aborted,

    /// <summary>Its backend still has it open.</summary>
    InProgress,

    /// <summary>Too old, or of another server: the server cannot say.</summary>
    Unknown,
}

/// <summary>Asks the server what became of a transaction, for example one whose COMMIT was never answered.</summary>
public static class TransactionFates
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Asks for the fate of a try. On another server or timeline the id means nothing: <see cref="TransactionFate.Unknown"/>; so does
    /// a commit under an id that was not durable, because the server may have crashed and given it to a stranger. A transaction that is still open is waited for, at most for <paramref name="patience"/>.
    /// </summary>
    public static async Task<TransactionFate> AskAsync(
        PostgresSession session,
        MigrationTry one,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var now = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (now.SystemIdentifier != one.SystemIdentifier || now.Timeline != one.Timeline)
        {
            return TransactionFate.Unknown;
        }

        var start = time.GetTimestamp();
        var fate = await AskAsync(session, one.TransactionId, cancellation).ConfigureAwait(false);
        while (fate == TransactionFate.InProgress && time.GetElapsedTime(start) < patience)
        {
            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
            fate = await AskAsync(session, one.TransactionId, cancellation).ConfigureAwait(false);
        }

        return fate == TransactionFate.Committed && !one.IsDurable ? TransactionFate.Unknown : fate;
    }

    /// <summary>Asks once.</summary>
    public static async Task<TransactionFate> AskAsync(
        PostgresSession session,
        string transactionId,
        CancellationToken cancellation
    )
    {
        try
        {
            var status = await session
                .ScalarAsync<string>(
                    "select pg_xact_status($1::text::xid8)",
                    cancellation,
                    new NpgsqlParameter { Value = transactionId }
                )
                .ConfigureAwait(false);
            return status switch
            {
                "committed" => TransactionFate.Committed,
                "aborted" => TransactionFate.Aborted,
                "in progress" => TransactionFate.InProgress,
                _ => TransactionFate.Unknown,
            };
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidParameterValue)
        {
            return TransactionFate.Unknown;
        }
    }
}
