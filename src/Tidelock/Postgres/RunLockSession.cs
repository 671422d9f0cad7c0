using Npgsql;
using NpgsqlTypes;

namespace Tidelock.Postgres;

/// <summary>One connection that holds the run lock and listens for its own end.</summary>
internal sealed class RunLockSession : IAsyncDisposable
{
    /// <summary>"tide": the class of our advisory locks; the object is the database's oid.</summary>
    private const int LockClass = 0x74696465;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly PostgresSession session;
    private readonly CancellationTokenSource closing = new();
    private Task watching = Task.CompletedTask;
    private bool isLost;

    private RunLockSession(PostgresSession session, uint databaseOid)
    {
        this.session = session;
        DatabaseOid = databaseOid;
    }

    public uint DatabaseOid { get; }

    /// <summary>Another session in the same database and under the same name: this one does nothing any more but listen.</summary>
    public Task<RunLockSession> AnotherAsync(CancellationToken cancellation) =>
        OpenAsync(session.Target, session.ApplicationName, cancellation);

    /// <summary>Whether it holds the lock of another database than the one it is in.</summary>
    public bool IsOutside => session.Target.Database is "postgres";

    public static async Task<RunLockSession> OpenAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        var session = await PostgresSession.OpenAsync(target, applicationName, cancellation).ConfigureAwait(false);
        try
        {
            const string sql = "select oid from pg_database where datname = current_database()";
            return new RunLockSession(
                session,
                await session.ScalarAsync<uint>(sql, cancellation).ConfigureAwait(false)
            );
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes the lock of a database (null), or says who has it.</summary>
    public async Task<LockHolder?> TryTakeAsync(uint oid, CancellationToken cancellation)
    {
        // The holder may let go between the refusal and the look at it; then the lock is free to take.
        for (var attempt = 1; ; attempt++)
        {
            if (
                await session
                    .ScalarAsync<bool>("select pg_try_advisory_lock($1, $2)", cancellation, Class, Object(oid))
                    .ConfigureAwait(false)
            )
            {
                return null;
            }

            var holders = await session
                .QueryAsync(Holders, Read, cancellation, Class, Object(oid))
                .ConfigureAwait(false);
            if (holders.Count > 0 || attempt == 3)
            {
                return holders.FirstOrDefault() ?? new LockHolder(0, "?", "", null);
            }
        }
    }

    /// <summary>Calls back when the connection is gone: at once when the server ends it, within seconds when the network does.</summary>
    public void Watch(Action onLost) => watching = WatchAsync(onLost);

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(false);
        if (!isLost)
        {
            await LetGoAsync().ConfigureAwait(false);
        }

        await session.DisposeAsync().ConfigureAwait(false);
        closing.Dispose();
    }

    /// <summary>A busy server ends a session some time after its connection was closed, and whoever comes next would find the lock still held.</summary>
    private async Task LetGoAsync()
    {
        try
        {
            await using var unlock = new NpgsqlCommand("select pg_advisory_unlock_all()", session.Connection);
            unlock.CommandTimeout = (int)Interval.TotalSeconds;
            await unlock.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The connection is gone, and the lock with it.
        }
    }

    private async Task WatchAsync(Action onLost)
    {
        try
        {
            while (true)
            {
                await session.Connection.WaitAsync(Interval, closing.Token).ConfigureAwait(false);
                await using var alive = new NpgsqlCommand("select 1", session.Connection);
                alive.CommandTimeout = (int)Interval.TotalSeconds;
                await alive.ExecuteScalarAsync(closing.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            // Let go on purpose.
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
        {
            isLost = true;
            onLost();
        }
    }

    private static NpgsqlParameter Class => new() { Value = LockClass, NpgsqlDbType = NpgsqlDbType.Integer };

    private static NpgsqlParameter Object(uint oid) =>
        new() { Value = unchecked((int)oid), NpgsqlDbType = NpgsqlDbType.Integer };

    private static LockHolder Read(NpgsqlDataReader row) =>
        new(
            row.GetInt32(0),
            row.IsDBNull(1) ? "" : row.GetString(1),
            row.IsDBNull(2) ? "" : row.GetString(2),
            row.IsDBNull(3) ? null : row.GetFieldValue<DateTimeOffset>(3)
        );

    /// <summary>pg_locks shows the two halves of the key as oids, that is unsigned.</summary>
    private const string Holders = """
        select l.pid, a.application_name, case when a.backend_start is null then '' else coalesce(host(a.client_addr), 'local') end,
               a.backend_start
        from pg_locks l left join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid::bigint = $1::bigint
          and l.objid::bigint = case when $2 < 0 then $2::bigint + 4294967296 else $2::bigint end
          and l.database = (select oid from pg_database where datname = current_database())
        """;
}
