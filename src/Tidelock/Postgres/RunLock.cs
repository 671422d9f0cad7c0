using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// The right to run on a database: an advisory lock named after the database's oid, held by connections that do nothing else. It is
/// held from the database itself and, where one may connect there, from <c>postgres</c>, so that it can outlive a swap of the database
/// and still excludes those who cannot enter <c>postgres</c>.
/// </summary>
public sealed class RunLock : IAsyncDisposable
{
    private readonly List<RunLockSession> sessions;
    private readonly CancellationTokenSource lost = new();

    private RunLock(List<RunLockSession> sessions)
    {
        this.sessions = sessions;
        foreach (var session in sessions)
        {
            session.Watch(lost.Cancel);
        }
    }

    /// <summary>Cancelled as soon as a connection of the lock is gone: somebody else may hold it from then on.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Takes the lock, or says who has it.</summary>
    /// <exception cref="TidelockException"><c>postgres.connect.*</c>.</exception>
    public static async Task<RunLockAttempt> TryTakeAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        var sessions = new List<RunLockSession>();
        try
        {
            var own = await RunLockSession.OpenAsync(target, applicationName, cancellation).ConfigureAwait(false);
            sessions.Add(own);
            var holder = await own.TryTakeAsync(own.DatabaseOid, cancellation).ConfigureAwait(false);
            if (
                holder is null
                && target.Database is not "postgres"
                && await TryOpenOutsideAsync(target, applicationName, cancellation).ConfigureAwait(false) is { } outside
            )
            {
                sessions.Add(outside);
                holder = await outside.TryTakeAsync(own.DatabaseOid, cancellation).ConfigureAwait(false);
            }

            if (holder is null)
            {
                return new RunLockAttempt(new RunLock(sessions), null);
            }

            await DisposeAllAsync(sessions).ConfigureAwait(false);
            return new RunLockAttempt(null, holder);
        }
        catch (NpgsqlException e)
        {
            await DisposeAllAsync(sessions).ConfigureAwait(false);
            throw ConnectionFailure.Of(target, e);
        }
        catch
        {
            await DisposeAllAsync(sessions).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Leaves the database, before it is renamed, and goes on holding the lock from <c>postgres</c>, there also that of the database which
    /// takes its place. May be called again.
    /// </summary>
    /// <returns>Why it cannot be left; null when it was. Nothing is released otherwise.</returns>
    internal async Task<Message?> LeaveDatabaseAsync(uint successor, CancellationToken cancellation)
    {
        if (sessions.Find(s => s.IsOutside) is not { } outside)
        {
            return Message.Of("postgres.swap.not-outside");
        }

        var next = await outside.AnotherAsync(cancellation).ConfigureAwait(false);
        if (await next.TryTakeAsync(successor, cancellation).ConfigureAwait(false) is { } holder)
        {
            await next.DisposeAsync().ConfigureAwait(false);
            return Message.Of("postgres.swap.held", ("holder", holder.ApplicationName), ("pid", holder.ProcessId));
        }

        sessions.Add(next);
        next.Watch(lost.Cancel);
        foreach (var inside in sessions.FindAll(s => !s.IsOutside))
        {
            sessions.Remove(inside);
            await inside.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Holds the lock from the database too, whichever has the name now.</summary>
    /// <returns>Who has it there; null for nobody else.</returns>
    internal async Task<LockHolder?> EnterDatabaseAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        var own = await RunLockSession.OpenAsync(target, applicationName, cancellation).ConfigureAwait(false);
        if (await own.TryTakeAsync(own.DatabaseOid, cancellation).ConfigureAwait(false) is { } holder)
        {
            await own.DisposeAsync().ConfigureAwait(false);
            return holder;
        }

        sessions.Insert(0, own);
        own.Watch(lost.Cancel);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await DisposeAllAsync(sessions).ConfigureAwait(false);
        lost.Dispose();
    }

    private static async Task<RunLockSession?> TryOpenOutsideAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        try
        {
            return await RunLockSession
                .OpenAsync(target.WithDatabase("postgres"), applicationName, cancellation)
                .ConfigureAwait(false);
        }
        catch (TidelockException e) when (IsClosed(e.InnerException))
        {
            return null;
        }
    }

    /// <summary>No such database, or one we may not enter; a server that is down is another matter.</summary>
    private static bool IsClosed(Exception? e) =>
        e
            is PostgresException
            {
                SqlState: PostgresErrorCodes.InvalidCatalogName
                    or PostgresErrorCodes.InsufficientPrivilege
                    or PostgresErrorCodes.InvalidPassword
                    or PostgresErrorCodes.InvalidAuthorizationSpecification
                    or PostgresErrorCodes.ObjectNotInPrerequisiteState
            };

    private static async Task DisposeAllAsync(List<RunLockSession> sessions)
    {
        foreach (var session in sessions)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>Either the lock, or who holds it.</summary>
public sealed record RunLockAttempt(RunLock? Lock, LockHolder? Holder);
