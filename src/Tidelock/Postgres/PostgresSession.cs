using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>One open connection with pinned settings. Queries beside the class that needs them use it; nobody else opens one.</summary>
public sealed class PostgresSession : IAsyncDisposable
{
    private PostgresSession(NpgsqlConnection connection, PostgresTarget target)
    {
        Connection = connection;
        Target = target;
    }

    public NpgsqlConnection Connection { get; }

    public PostgresTarget Target { get; }

    /// <summary>What the session calls itself: <c>tidelock/RUN/EPOCH</c>.</summary>
    internal string ApplicationName =>
        new NpgsqlConnectionStringBuilder(Connection.ConnectionString).ApplicationName ?? "";

    /// <summary>
    /// Opens an unpooled connection and pins what a role or database setting could undo. A pooler in the way is refused before
    /// anything is set, because the settings would leak into other clients' sessions.
    /// </summary>
    /// <param name="target">The database.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>, so that a later epoch can end what an earlier one left behind.</param>
    /// <exception cref="TidelockException"><c>postgres.connect.*</c>: server down, wrong password, no such database, a pooler, …</exception>
    public static async Task<PostgresSession> OpenAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        var connection = await ConnectAsync(target, applicationName, cancellation).ConfigureAwait(false);
        try
        {
            var session = new PostgresSession(connection, target);
            var backend = await session.ScalarAsync<int>("select pg_backend_pid()", cancellation).ConfigureAwait(false);
            if (backend != connection.ProcessID)
            {
                throw new TidelockException(
                    Message.Of("postgres.connect.pooler", ("target", target)),
                    ExitCode.Refused
                );
            }

            await SessionAttributes.RequireAsync(session, cancellation).ConfigureAwait(false);
            await session.ExecuteAsync(SessionSettings.Pin(target), cancellation).ConfigureAwait(false);
            return session;
        }
        catch (NpgsqlException e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw ConnectionFailure.Of(target, e);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens a connection without setting or asking anything.</summary>
    internal static async Task<NpgsqlConnection> ConnectAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        target.HideIn(Secrets.OfProcess);
        var connection = new NpgsqlConnection(target.NpgsqlConnectionString(applicationName));
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw e is OperationCanceledException ? e : ConnectionFailure.Of(target, e);
        }
    }

    /// <summary>Runs SQL text that returns nothing of interest.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The first column of the first row; the default of <typeparamref name="T"/> for no row or NULL.</summary>
    public async Task<T?> ScalarAsync<T>(
        string sql,
        CancellationToken cancellation,
        params NpgsqlParameter[] parameters
    )
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        command.Parameters.AddRange(parameters);
        var value = await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
        return value is null or DBNull ? default : (T)value;
    }

    /// <summary>All rows, each made by <paramref name="read"/>.</summary>
    public async Task<List<T>> QueryAsync<T>(
        string sql,
        Func<NpgsqlDataReader, T> read,
        CancellationToken cancellation,
        params NpgsqlParameter[] parameters
    )
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
