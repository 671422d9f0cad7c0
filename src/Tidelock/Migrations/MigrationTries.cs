using System.Data;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>The tries of one move, one transaction each, until one has an outcome.</summary>
internal sealed class MigrationTries(
    PostgresSession session,
    IMigrationMove move,
    LockBudget budget,
    Func<MigrationTry, CancellationToken, Task> intent,
    TimeProvider time
)
{
    private static readonly TimeSpan CommitLimit = TimeSpan.FromSeconds(15);

    /// <summary>
    /// COMMIT does not wait for a standby while it holds the lock, a statement does not run for ever, and a program that was stopped
    /// does not hold the lock until it is continued.
    /// </summary>
    private const string Pinned = """
        set local synchronous_commit = local; set local statement_timeout = '5min';
        set local idle_in_transaction_session_timeout = '30s'
        """;

    private readonly long start = time.GetTimestamp();
    private ServerIdentity? identity;
    private TimeSpan longestWait;

    public int Tries { get; private set; }

    public MigrationOutcome? Outcome { get; private set; }

    public async Task<IReadOnlyList<RelationName>> PrepareAsync(CancellationToken cancellation)
    {
        identity ??= await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            var preparation = await move.PrepareAsync(session, cancellation).ConfigureAwait(false);
            Outcome = preparation.Ended;
            return preparation.Locks;
        }
        catch (PostgresException e) when (MigrationTransaction.MayBeRepeated(e))
        {
            return [];
        }
    }

    public async Task TryAsync(CancellationToken cancellation)
    {
        Tries++;
        var open = new OpenTry(session, budget.Try, time);
        MigrationTry? one = null;
        try
        {
            await using var transaction = await session
                .Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation)
                .ConfigureAwait(false);
            one = await BeginAsync(cancellation).ConfigureAwait(false);
            await intent(one, cancellation).ConfigureAwait(false);
            await session.ExecuteAsync(Pinned, cancellation).ConfigureAwait(false);
            var refusal = await move.ApplyAsync(open, cancellation).ConfigureAwait(false);
            Outcome = refusal is not null
                ? new MigrationOutcome.Refused(refusal)
                : await CommitAsync(transaction, open, one).ConfigureAwait(false);
        }
        catch (PostgresException e) when (one is not null && !MigrationTransaction.IsLost(e))
        {
            Outcome = MigrationTransaction.MayBeRepeated(e)
                ? null
                : new MigrationOutcome.Failed(e.SqlState, move.Explain(e, open.Doing));
        }
        catch (NpgsqlException e) when (one is not null)
        {
            Outcome = Lost(one, e.Message);
        }
        finally
        {
            longestWait = open.Waited > longestWait ? open.Waited : longestWait;
        }
    }

    private async Task<MigrationTry> BeginAsync(CancellationToken cancellation)
    {
        var id = await session
            .ScalarAsync<string>("select pg_current_xact_id()::text", cancellation)
            .ConfigureAwait(false);
        return new MigrationTry(Tries, id!, identity!.SystemIdentifier, identity.Timeline);
    }

    /// <summary>Commits with a limit of its own: who cancels now would only lose the answer.</summary>
    private async Task<MigrationOutcome> CommitAsync(NpgsqlTransaction transaction, OpenTry open, MigrationTry one)
    {
        using var limit = new CancellationTokenSource(CommitLimit, time);
        try
        {
            await transaction.CommitAsync(limit.Token).ConfigureAwait(false);
            var fate = await TransactionFates.AskAsync(session, one.TransactionId, limit.Token).ConfigureAwait(false);
            return fate == TransactionFate.Committed ? Applied(open, one) : Lost(one, fate.ToString());
        }
        catch (OperationCanceledException e)
        {
            return Lost(one, e.Message);
        }
    }

    private MigrationOutcome.Applied Applied(OpenTry open, MigrationTry one)
    {
        var longest = open.Waited > longestWait ? open.Waited : longestWait;
        var took = time.GetElapsedTime(start);
        return new MigrationOutcome.Applied(
            one.TransactionId,
            Tries,
            longest,
            took,
            Message.Of(
                "migrations.applied",
                ("transaction", one.TransactionId),
                ("tries", Tries),
                ("wait", longest),
                ("took", took)
            )
        );
    }

    private static MigrationOutcome.Unknown Lost(MigrationTry one, string reason) =>
        new(
            one.TransactionId,
            Message.Of("migrations.unknown", ("transaction", one.TransactionId), ("reason", reason))
        );
}
