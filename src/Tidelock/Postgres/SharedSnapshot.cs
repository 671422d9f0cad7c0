using System.Data;
using System.Globalization;
using Npgsql;

namespace Tidelock.Postgres;

/// <summary>
/// Sessions that read one state of the database at the same time, each in a READ ONLY transaction that is rolled back, with settings that
/// spare a busy server. The snapshot lives as long as this does, and holds vacuum back meanwhile.
/// </summary>
internal sealed class SharedSnapshot : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(3);

    /// <summary>What leaves the server to its other work.</summary>
    public const string Sparing = "set local max_parallel_workers_per_gather = 0; set local jit = off;";

    private readonly List<PostgresSession> sessions = [];
    private readonly Func<CancellationToken, Task<PostgresSession>> open;
    private readonly string? role;
    private readonly TimeSpan limit;
    private readonly CancellationTokenSource deadline;
    private readonly CancellationTokenSource either;
    private readonly CancellationToken cancellation;
    private string? snapshot;

    /// <param name="open">Opens a session of the same database.</param>
    /// <param name="role">Who reads: row security and privileges are this role's; null for the one that logged in.</param>
    /// <param name="limit">For everything together.</param>
    /// <param name="time">The client's clock.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public SharedSnapshot(
        Func<CancellationToken, Task<PostgresSession>> open,
        string? role,
        TimeSpan limit,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        (this.open, this.role, this.limit, this.cancellation) = (open, role, limit, cancellation);
        deadline = new CancellationTokenSource(limit + AnswerTime, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
    }

    /// <summary>How many bytes of temporary files a statement may write, where that may be set; null: whatever the server allows.</summary>
    public long? Temporary { get; init; }

    /// <summary>Whether the server keeps <see cref="Temporary"/> for the sessions that have joined.</summary>
    public bool IsTemporaryKept { get; private set; } = true;

    /// <summary>Who logged in, of the sessions that have joined: whom a right would have to be given.</summary>
    public string Login { get; private set; } = "";

    /// <summary>Ends with the limit, the caller's cancellation, or <see cref="Stop"/>.</summary>
    public CancellationToken Token => either.Token;

    /// <summary>Whether an error means that the limit was reached, on the server's side or on ours.</summary>
    public bool IsTimeout(Exception e) =>
        !cancellation.IsCancellationRequested
        && (
            e is PostgresException { SqlState: PostgresErrorCodes.QueryCanceled }
            || (e is OperationCanceledException && deadline.IsCancellationRequested)
        );

    /// <summary>Ends what the other sessions are doing: one of them has failed.</summary>
    public void Stop() => either.Cancel();

    /// <summary>One more session with the snapshot. Not for two callers at once.</summary>
    /// <param name="schemas">Where unqualified names are found.</param>
    public async Task<PostgresSession> JoinAsync(IEnumerable<string> schemas)
    {
        var session = await open(Token).ConfigureAwait(false);
        sessions.Add(session);
        _ = await session.Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, Token).ConfigureAwait(false);
        await session
            .ExecuteAsync(
                "set transaction read only" + (snapshot is null ? "" : $"; set transaction snapshot '{snapshot}'"),
                Token
            )
            .ConfigureAwait(false);
        snapshot ??= await session.ScalarAsync<string>("select pg_export_snapshot()", Token).ConfigureAwait(false);
        IsTemporaryKept &= await TemporaryLimit.SetAsync(session, Temporary, Token).ConfigureAwait(false);
        Login = session.Target.User;
        await session.ExecuteAsync(Settings(schemas), Token).ConfigureAwait(false);
        return session;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in Enumerable.Reverse(sessions))
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }

        either.Dispose();
        deadline.Dispose();
    }

    private string Settings(IEnumerable<string> schemas)
    {
        var milliseconds = Math.Max(1, Math.Ceiling(limit.TotalMilliseconds));
        var path = string.Join(", ", schemas.Distinct(StringComparer.Ordinal).Select(Identifiers.Quote));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            set local statement_timeout = {milliseconds};
            set local lock_timeout = '5s';
            {Sparing}
            set local search_path to {path}, pg_temp;
            {(role is null ? "" : $"set local role {Identifiers.Quote(role)}")}
            """
        );
    }
}
