using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations;

/// <summary>
/// Looks from a connection of its own at what a try waits for, where nobody knows beforehand what the try will lock: names who is in
/// the way, and cancels the statement when all its waits together have used the budget up. PostgreSQL's own limit is per lock.
/// </summary>
/// <param name="target">Where the try runs.</param>
/// <param name="applicationName">Of the connection that looks: <c>tidelock/RUN/EPOCH</c>.</param>
/// <param name="watched">Whose waits count.</param>
/// <param name="budget">For all waits of one ordinary try.</param>
/// <param name="time">The clock.</param>
internal sealed class LockWatch(
    PostgresTarget target,
    string applicationName,
    WatchedBackends watched,
    TimeSpan budget,
    TimeProvider time
) : IAsyncDisposable
{
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Reopening = TimeSpan.FromSeconds(1);
    private readonly TimeSpan every = TimeSpan.FromMilliseconds(Math.Clamp(budget.TotalMilliseconds / 10, 2, 50));
    private readonly Dictionary<string, TimeSpan> waits = new(StringComparer.Ordinal);
    private PostgresSession? session;

    /// <summary>For all waits of the next try.</summary>
    public TimeSpan Budget { get; set; } = budget;

    /// <summary>Who was in the way of the last try.</summary>
    public IReadOnlyList<Blocker> Blockers { get; private set; } = [];

    /// <summary>How long the last try has waited, as far as it was seen.</summary>
    public TimeSpan Waited => waits.Values.Aggregate(TimeSpan.Zero, (sum, w) => sum + w);

    /// <summary>Whether the last try was cancelled because its waits together used the budget up.</summary>
    public bool Exceeded { get; private set; }

    /// <summary>Whether the last try was seen to wait for somebody, so that its failure may be for that.</summary>
    public bool HasWaited => waits.Count > 0;

    /// <summary>Looks on while the work runs. The next statement of whoever is watched is not touched any more once this returns.</summary>
    /// <exception cref="NpgsqlException">Nobody looked on to the end.</exception>
    public async Task<T> OverAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        (Blockers, Exceeded) = ([], false);
        waits.Clear();
        session ??= await OpenAsync(cancellation).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var looking = LookAsync(over.Token);
        try
        {
            return await work().ConfigureAwait(false);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await looking.ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => session?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        var own = await PostgresSession.OpenAsync(target, applicationName, cancellation).ConfigureAwait(false);
        await own.ExecuteAsync("set statement_timeout = '5s'", cancellation).ConfigureAwait(false);
        return own;
    }

    /// <summary>A connection that is lost meanwhile is opened again: what is watched may go on for hours.</summary>
    private async Task LookAsync(CancellationToken over)
    {
        Exception? failed = null;
        while (!over.IsCancellationRequested)
        {
            try
            {
                session ??= await OpenAsync(over).ConfigureAwait(false);
                await LookWithinLimitAsync(session).ConfigureAwait(false);
                failed = null;
                await Task.Delay(every, time, over).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                // The try is over.
            }
            catch (Exception e) when (e is NpgsqlException or TidelockException)
            {
                failed = e;
                await DisposeAsync().ConfigureAwait(false);
                session = null;
                await PauseAsync(over).ConfigureAwait(false);
            }
        }

        if (failed is not null)
        {
            throw new NpgsqlException(failed.Message, failed);
        }
    }

    private async Task PauseAsync(CancellationToken over)
    {
        try
        {
            await Task.Delay(Reopening, time, over).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The try is over.
        }
    }

    /// <summary>Short, and cut off by its own limit alone: the connection is used again for the next try.</summary>
    private async Task LookWithinLimitAsync(PostgresSession own)
    {
        using var limit = new CancellationTokenSource(LookLimit, time);
        try
        {
            await LookOnceAsync(own, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is OperationCanceledException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled })
        {
            // Neither the end of the try nor an error of the statement that is watched, and not to be taken for one.
            throw new NpgsqlException(e.Message, e);
        }
    }

    private async Task LookOnceAsync(PostgresSession own, CancellationToken cancellation)
    {
        var seen = await own.QueryAsync(
                SqlText.Beside<LockWatch>("Waits"),
                r =>
                    (
                        Pid: r.GetInt32(0),
                        Since: r.GetString(1),
                        For: TimeSpan.FromSeconds(Math.Max(0, r.GetDouble(2))),
                        On: r.GetString(4).Length == 0 ? null : new RelationName(r.GetString(3), r.GetString(4)),
                        By: r.GetFieldValue<int[]>(5)
                    ),
                cancellation,
                new NpgsqlParameter { Value = watched.ProcessId },
                new NpgsqlParameter { Value = watched.ApplicationName }
            )
            .ConfigureAwait(false);
        foreach (var wait in seen)
        {
            // What was not seen of it, before this look and after it, is less than one pause.
            waits[$"{wait.Pid} {wait.Since}"] = wait.For + every;
            var found = await BlockerSearch.OfAsync(own, wait.On, wait.By, cancellation).ConfigureAwait(false);
            Blockers = [.. found.Concat(Blockers).DistinctBy(b => (b.ProcessId, b.Relation))];
            if (Waited > Budget)
            {
                Exceeded = true;
                await CancelAsync(own, wait.Pid, cancellation).ConfigureAwait(false);
            }
        }
    }

    private static Task CancelAsync(PostgresSession own, int pid, CancellationToken cancellation) =>
        own.ScalarAsync<bool>(
            "select pg_cancel_backend($1) where exists (select from pg_locks where pid = $1 and not granted)",
            cancellation,
            new NpgsqlParameter { Value = pid }
        );
}

/// <summary>One backend, or all that go by an application name.</summary>
internal sealed record WatchedBackends(int ProcessId, string ApplicationName)
{
    public static WatchedBackends Of(PostgresSession session) => new(session.Connection.ProcessID, "");

    public static WatchedBackends Named(string applicationName) => new(-1, applicationName);
}
