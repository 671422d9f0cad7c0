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

    /// <summary>Opens an unpooled connection and pins what a role or database setting could undo.</summary>
    /// <param name="target">The database.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>, so that a later epoch can end what an earlier one left behind.</param>
    /// <exception cref="TidelockException"><c>postgres.connect.*</c>: refused, wrong password, no such database.</exception>
    public static async Task<PostgresSession> OpenAsync(
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        var connection = new NpgsqlConnection(target.NpgsqlConnectionString(applicationName));
        try
        {
            await connection.OpenAsync(cancellation).ConfigureAwait(false);
            var session = new PostgresSession(connection, target);
            await session.ExecuteAsync(Pinned, cancellation).ConfigureAwait(false);
            return session;
        }
        catch (NpgsqlException e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw new TidelockException(
                Message.Of("postgres.connect.failed", ("target", target), ("reason", e.Message)),
                ExitCode.Refused,
                e
            );
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

    private const string Pinned = """
        set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0;
        set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';
        set extra_float_digits = 1; set bytea_output = 'hex'; set quote_all_identifiers = off; set client_min_messages = warning;
        """;
}
