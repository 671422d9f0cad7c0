using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// The open transaction of one try. Every statement gets what is left of the budget as its <c>lock_timeout</c>: PostgreSQL's own is per
/// lock, the budget is for all locks of the try.
/// </summary>
public sealed class OpenTry
{
    private const string InsufficientResources = "53";
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ClockMargin = TimeSpan.FromMilliseconds(50);
    private readonly TimeSpan budget;
    private readonly TimeProvider time;
    private readonly TimeSpan? held;
    private CancellationTokenSource? end;
    private long? firstLock;
    private long? holding;

    internal OpenTry(PostgresSession session, TimeSpan budget, TimeProvider time, TimeSpan? held = null)
    {
        Session = session;
        this.budget = budget;
        this.time = time;
        this.held = held;
    }

    /// <summary>For reads of the catalogs within the transaction.</summary>
    public PostgresSession Session { get; }

    /// <summary>How long the try has waited for its locks.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>Told of every statement that has run; null for nobody.</summary>
    internal Func<string, CancellationToken, Task>? Ran { get; set; }

    /// <summary>The statement that ran last, so that an error can be told about it.</summary>
    internal object? Doing { get; private set; }

    /// <summary>Runs a statement whose only work is to take a lock; from the first of them on the budget runs.</summary>
    public async Task LockAsync(string sql, object about, CancellationToken cancellation)
    {
        firstLock ??= time.GetTimestamp();
        BeginToHold();
        var start = time.GetTimestamp();
        try
        {
            await ExecuteAsync(sql, about, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Waited += time.GetElapsedTime(start);
        }
    }

    /// <summary>Runs exactly one statement.</summary>
    /// <param name="sql">The server refuses a second statement in it.</param>
    /// <param name="about">What it is for, for <see cref="IMigrationMove.Explain"/>.</param>
    /// <param name="cancellation">Ends the statement.</param>
    public async Task ExecuteAsync(string sql, object about, CancellationToken cancellation)
    {
        Doing = about;
        await Session.ExecuteOneAsync(sql, cancellation, Limits()).ConfigureAwait(false);
        if (Ran is not null)
        {
            await Ran(sql, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>From now on locks are held, or may be. Where nobody knows when the first is waited for, each lock may take the whole budget.</summary>
    internal void BeginToHold()
    {
        holding ??= time.GetTimestamp();
        if (Left is { } left)
        {
            end?.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    /// <summary>
    /// Runs work that takes locks, and ends it where they are held for too long: by the client's clock too, for a server that does not
    /// answer.
    /// </summary>
    /// <exception cref="HeldTooLongException">They were; the transaction is of no use any more.</exception>
    internal async Task<T> HoldingAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        end = late;
        try
        {
            return await work(either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsHeldTooLong(e) && !cancellation.IsCancellationRequested)
        {
            throw new HeldTooLongException(held!.Value, e);
        }
        finally
        {
            end = null;
        }
    }

    /// <summary>How long the locks may still be held; null where no limit counts, or not yet.</summary>
    private TimeSpan? Left => held is { } limit && holding is { } since ? limit - time.GetElapsedTime(since) : null;

    /// <summary>The server's clock may be a little ahead of ours.</summary>
    private bool IsHeldTooLong(Exception e) =>
        e is OperationCanceledException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
        && Left < ClockMargin;

    /// <summary>Runs work and takes back all it did, its locks too, when it gives a reason or PostgreSQL refuses a statement of it for what it is.</summary>
    /// <returns>The reason; null when the work stands.</returns>
    internal async Task<Message?> OrRolledBackAsync(
        object about,
        Func<Task<Message?>> work,
        CancellationToken cancellation
    )
    {
        await ExecuteAsync("savepoint work", about, cancellation).ConfigureAwait(false);
        Message? reason;
        try
        {
            reason = await work().ConfigureAwait(false);
        }
        catch (PostgresException e) when (IsRefusal(e))
        {
            reason = Message.Of("migrations.beside.refused", ("state", e.SqlState), ("reason", AuthorsSql.Reason(e)));
        }

        var back = reason is null ? "" : "rollback to savepoint work; ";
        await Session.ExecuteAsync(back + "release savepoint work", cancellation).ConfigureAwait(false);
        return reason;
    }

    /// <summary>Runs work of which only the result is wanted: what it did is taken back, its locks too.</summary>
    internal async Task<T> LookAsync<T>(object about, Func<Task<T>> work, CancellationToken cancellation)
    {
        await ExecuteAsync("savepoint look", about, cancellation).ConfigureAwait(false);
        var seen = await work().ConfigureAwait(false);
        await Session
            .ExecuteAsync("rollback to savepoint look; release savepoint look", cancellation)
            .ConfigureAwait(false);
        return seen;
    }

    /// <summary>
    /// Whether it is about the statement: not about a lock, a limit, the disk or memory, or the end of the session, which another way
    /// of doing the same would only meet again.
    /// </summary>
    private static bool IsRefusal(PostgresException e) =>
        !MigrationTransaction.MayBeRepeated(e)
        && !ConnectionLoss.EndsSession(e.SqlState)
        && e.SqlState != PostgresErrorCodes.QueryCanceled
        && !e.SqlState.StartsWith(InsufficientResources, StringComparison.Ordinal);

    private string[] Limits()
    {
        var left = firstLock is { } since ? budget - time.GetElapsedTime(since) : budget;
        var waiting = $"set local lock_timeout = {Milliseconds(left)}";
        return Left is { } rest ? [waiting, $"set local statement_timeout = {Milliseconds(rest)}"] : [waiting];
    }

    private static string Milliseconds(TimeSpan limit) =>
        Math.Ceiling((limit < Least ? Least : limit).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}

/// <summary>The locks of a try were held for as long as they may be, and its work was not done.</summary>
internal sealed class HeldTooLongException(TimeSpan limit, Exception inner) : Exception(inner.Message, inner)
{
    public TimeSpan Limit => limit;
}
