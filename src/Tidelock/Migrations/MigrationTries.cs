using System.Data;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>The tries of one move until one has an outcome: one transaction each, or all in one that has built something.</summary>
internal sealed class MigrationTries(
    PostgresSession session,
    IMigrationMove move,
    LockBudget budget,
    Func<MigrationTry, CancellationToken, Task> intent,
    TimeProvider time
) : IAsyncDisposable
{
    private static readonly TimeSpan CommitLimit = TimeSpan.FromSeconds(15);

    /// <summary>COMMIT returns once it is on this server's disk, whatever the author's SQL has set.</summary>
    private const string CommitsHere = "set local synchronous_commit = local";

    /// <summary>
    /// COMMIT does not wait for a standby while it holds the lock, and a program that was stopped does not hold the lock until it is
    /// continued. What is built before any lock may take its time.
    /// </summary>
    private const string Pinned =
        CommitsHere
        + """
            ; set local statement_timeout = '1d';
            set local idle_in_transaction_session_timeout = '30s'
            """;

    /// <summary>From the locks on a statement does not run for ever.</summary>
    private const string PinnedUnderLocks = "set local statement_timeout = '5min'";

    private readonly long start = time.GetTimestamp();
    private readonly TransactionMark mark = new(session);
    private ServerIdentity? identity;
    private TimeSpan longestWait;
    private IReadOnlyList<RelationName> locks = [];
    private NpgsqlTransaction? transaction;
    private MigrationTry? one;
    private bool built;
    private bool locksUnknown;
    private TimeSpan tryLimit;
    private LockWatch? watch;

    public int Tries { get; private set; }

    /// <summary>Whether what a try locks is only found out by trying.</summary>
    public bool LocksUnknown => locksUnknown;

    /// <summary>How long was spent on what needs no lock.</summary>
    public TimeSpan Building { get; private set; }

    public MigrationOutcome? Outcome { get; private set; }

    /// <summary>Whether the last try is to be made again at once and in another way: nobody's lock was in its way.</summary>
    public bool MustBeRepeated { get; private set; }

    /// <summary>Who was in the way of the last try, where that was found out by trying.</summary>
    public IReadOnlyList<Blocker> Blockers => watch?.Blockers ?? [];

    /// <summary>What a try would lock; null where looking alone would have waited too long, so that no try can be made now.</summary>
    public async Task<IReadOnlyList<RelationName>?> PrepareAsync(CancellationToken cancellation)
    {
        if (transaction is not null)
        {
            return locks;
        }

        identity ??= await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            var preparation = await move.PrepareAsync(session, cancellation).ConfigureAwait(false);
            Outcome = preparation.Ended;
            (locks, locksUnknown) = (preparation.Locks, preparation.LocksUnknown);
        }
        catch (Exception e)
            when (e is RelationBusyException || (e is PostgresException p && MigrationTransaction.MayBeRepeated(p)))
        {
            return null;
        }

        return locks;
    }

    /// <param name="limit">How long it may wait for all its locks.</param>
    /// <param name="cancellation">Ends it unless it is committing.</param>
    public async Task TryAsync(TimeSpan limit, CancellationToken cancellation)
    {
        Tries++;
        MustBeRepeated = false;
        tryLimit = limit;
        var open = new OpenTry(session, limit, time, move.Held is { } held ? held + limit : null);
        var kept = false;
        try
        {
            if (transaction is null)
            {
                await BeginAsync(open, cancellation).ConfigureAwait(false);
            }

            kept = await AttemptAsync(open, one!, cancellation).ConfigureAwait(false);
        }
        catch (HeldTooLongException e)
        {
            Outcome = new MigrationOutcome.Failed(
                PostgresErrorCodes.QueryCanceled,
                Message.Of("migrations.held-too-long", ("limit", e.Limit))
            );
        }
        catch (PostgresException e) when (one is not null && !ConnectionLoss.EndsSession(e.SqlState))
        {
            Outcome = MayBeRepeated(e) ? null : new MigrationOutcome.Failed(e.SqlState, move.Explain(e, open.Doing));
        }
        catch (NpgsqlException e) when (one is not null)
        {
            Outcome = Lost(one, e.Message);
        }
        finally
        {
            longestWait = new[] { longestWait, open.Waited, watch?.Waited ?? TimeSpan.Zero }.Max();
            if (!kept)
            {
                await EndAsync().ConfigureAwait(false);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync().ConfigureAwait(false);
        await mark.DisposeAsync().ConfigureAwait(false);
        if (watch is not null)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends the transaction of a try, if there is one: rolled back unless it was committed.</summary>
    private async Task EndAsync()
    {
        if (transaction is not null)
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
        }

        (transaction, one, built) = (null, null, false);
    }

    private async Task BeginAsync(OpenTry open, CancellationToken cancellation)
    {
        transaction = await session
            .Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation)
            .ConfigureAwait(false);
        one = await NameAsync(cancellation).ConfigureAwait(false);
        await intent(one, cancellation).ConfigureAwait(false);
        await session.ExecuteAsync(Pinned, cancellation).ConfigureAwait(false);
        var since = time.GetTimestamp();
        built = await move.BuildAsync(open, cancellation).ConfigureAwait(false);
        Building += time.GetElapsedTime(since);
        await session.ExecuteAsync(PinnedUnderLocks, cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether the transaction is kept for another try: its locks were not granted, and it has built something.</summary>
    private async Task<bool> AttemptAsync(OpenTry open, MigrationTry current, CancellationToken cancellation)
    {
        if (await ApplyAsync(open, cancellation).ConfigureAwait(false))
        {
            return true;
        }

        if (!MustBeRepeated)
        {
            Outcome ??= await CommitAsync(transaction!, open, current).ConfigureAwait(false);
        }

        return false;
    }

    private async Task<bool> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        if (built)
        {
            await session.ExecuteAsync("savepoint unlocked", cancellation).ConfigureAwait(false);
        }

        try
        {
            var refusal = await open.HoldingAsync(token => MoveAsync(open, token), cancellation).ConfigureAwait(false);
            MustBeRepeated = refusal is not null && move.MustBeRepeated;
            Outcome = refusal is null || MustBeRepeated ? null : new MigrationOutcome.Refused(refusal);
            return false;
        }
        catch (PostgresException e) when (built && MigrationTransaction.MayBeRepeated(e))
        {
            await session
                .ExecuteAsync("rollback to savepoint unlocked; release savepoint unlocked", cancellation)
                .ConfigureAwait(false);
            return true;
        }
    }

    private Task<Message?> MoveAsync(OpenTry open, CancellationToken cancellation)
    {
        if (!locksUnknown)
        {
            return move.ApplyAsync(open, cancellation);
        }

        watch ??= new LockWatch(session.Target, session.ApplicationName, WatchedBackends.Of(session), budget.Try, time);
        watch.Budget = tryLimit;
        open.BeginToHold();
        return watch.OverAsync(() => move.ApplyAsync(open, cancellation), cancellation);
    }

    /// <summary>Also when its waits for several locks together were too long, and it was cancelled for that.</summary>
    private bool MayBeRepeated(PostgresException e) =>
        MigrationTransaction.MayBeRepeated(e)
        || (e.SqlState == PostgresErrorCodes.QueryCanceled && watch?.Exceeded == true);

    private async Task<MigrationTry> NameAsync(CancellationToken cancellation)
    {
        var id = await session
            .ScalarAsync<string>("select pg_current_xact_id()::text", cancellation)
            .ConfigureAwait(false);
        var durable = await mark.WriteAsync(cancellation).ConfigureAwait(false);
        return new MigrationTry(Tries, id!, identity!.SystemIdentifier, identity.Timeline, durable);
    }

    /// <summary>Commits with a limit of its own: who cancels now would only lose the answer.</summary>
    private async Task<MigrationOutcome> CommitAsync(NpgsqlTransaction ours, OpenTry open, MigrationTry named)
    {
        using var limit = new CancellationTokenSource(CommitLimit, time);
        try
        {
            if (locksUnknown)
            {
                await session.ExecuteAsync(CommitsHere, limit.Token).ConfigureAwait(false);
            }

            await ours.CommitAsync(limit.Token).ConfigureAwait(false);
            var fate = await TransactionFates.AskAsync(session, named.TransactionId, limit.Token).ConfigureAwait(false);
            return fate == TransactionFate.Committed ? Applied(open, named) : Lost(named, fate.ToString());
        }
        catch (OperationCanceledException e)
        {
            return Lost(named, e.Message);
        }
    }

    private MigrationOutcome.Applied Applied(OpenTry open, MigrationTry named)
    {
        var longest = new[] { longestWait, open.Waited, watch?.Waited ?? TimeSpan.Zero }.Max();
        var took = time.GetElapsedTime(start);
        var text = Message.Of(
            "migrations.applied",
            ("transaction", named.TransactionId),
            ("tries", Tries),
            ("wait", longest),
            ("took", took)
        );
        return new MigrationOutcome.Applied(
            named.TransactionId,
            Tries,
            longest,
            took,
            move.UnderLock is null
                ? text
                : Message.Of("migrations.applied-but", ("applied", text), ("remark", move.UnderLock.Told))
        )
        {
            UnderLock = move.UnderLock,
        };
    }

    private static MigrationOutcome.Unknown Lost(MigrationTry named, string reason) =>
        new(
            named.TransactionId,
            Message.Of("migrations.unknown", ("transaction", named.TransactionId), ("reason", reason))
        );
}
