using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A database of its own for one test, reached as superuser or as any role.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private TestDatabase(LocalCluster cluster, string name)
    {
        Cluster = cluster;
        Name = name;
    }

    public LocalCluster Cluster { get; }

    public string Name { get; }

    /// <summary>As the superuser postgres, over TCP with a password.</summary>
    public PostgresTarget Target => Cluster.Target(Name);

    /// <summary>As another role, which must exist; no password is asked.</summary>
    public PostgresTarget TargetAs(string role) => Cluster.TargetAs(role, Name);

    /// <summary>A URI such as an operator has in DATABASE_URL.</summary>
    public string Uri => UriOf(Target);

    public static async Task<TestDatabase> CreateAsync(LocalCluster cluster, string? name = null)
    {
        name ??= "t_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        var database = new TestDatabase(cluster, name);
        await OnceUnusedAsync(cluster, $"create database {Identifiers.Quote(name)}");
        return database;
    }

    /// <summary>A database that was created in another way; dropped like the others.</summary>
    public static TestDatabase Of(LocalCluster cluster, string name) => new(cluster, name);

    /// <summary>Runs SQL as the superuser.</summary>
    public Task ExecuteAsync(string sql) => RunAsync(TargetAs("postgres"), sql);

    /// <summary>
    /// Has the server write down all that was committed by now, which it does a little later otherwise: a crash would lose it, and a standby not get it.
    /// </summary>
    public Task FlushAsync() =>
        ExecuteAsync("set synchronous_commit = local; select pg_logical_emit_message(true, 'test', 'flushed')");

    /// <summary>Runs SQL as a role.</summary>
    public Task ExecuteAsAsync(string role, string sql) => RunAsync(TargetAs(role), sql);

    /// <summary>The first column of the first row, as the superuser.</summary>
    public Task<T?> ScalarAsync<T>(string sql) => ScalarAsync<T>(TargetAs("postgres"), sql);

    /// <summary>The same in a database that is nobody's own.</summary>
    public static async Task<T?> ScalarAsync<T>(PostgresTarget target, string sql)
    {
        await using var connection = await OpenAsync(target);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>Waits until a query answers true, at most a minute.</summary>
    public Task UntilAsync(string sql) => UntilAsync(TargetAs("postgres"), sql);

    /// <summary>The same in a database that is nobody's own.</summary>
    public static async Task UntilAsync(PostgresTarget target, string sql)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await ScalarAsync<bool>(target, sql))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since).TotalSeconds < 60, $"still not: {sql}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>
    /// Waits until every transaction of this server is over that began before the rows that are there now. One of another test that is older than they
    /// would make them look, to whatever takes a snapshot, as if it had not seen them.
    /// </summary>
    public async Task SettleAsync()
    {
        var now = await ScalarAsync<string>("select pg_current_xact_id()::text");
        await UntilAsync($"select pg_snapshot_xmin(pg_current_snapshot())::text::numeric > {now}");
    }

    /// <summary>Makes a logical slot, for which the server waits until every transaction is over that has begun anywhere on it.</summary>
    public async Task CreateSlotAsync(string name, string plugin = "pgoutput")
    {
        await using var connection = await OpenAsync(TargetAs("postgres"));
        await using var command = new NpgsqlCommand(
            $"select pg_create_logical_replication_slot({Identifiers.Literal(name)}, {Identifiers.Literal(plugin)})",
            connection
        )
        {
            CommandTimeout = 120,
        };
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>All rows, each as its columns' text joined by a bar, as psql -At prints them.</summary>
    public async Task<List<string>> RowsAsync(string sql)
    {
        await using var connection = await OpenAsync(TargetAs("postgres"));
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            var row = Enumerable.Range(0, reader.FieldCount).Select(i => Text(reader.GetValue(i)));
            rows.Add(string.Join('|', row));
        }

        return rows;
    }

    /// <summary>A plain connection for a test that plays another client: a reader, a blocker.</summary>
    public Task<NpgsqlConnection> ConnectAsync(string role = "postgres") => OpenAsync(TargetAs(role));

    /// <summary>Waits until no more clients than these are connected: who has closed a connection is seen a moment longer.</summary>
    public Task LeftAloneAsync(int but = 0) =>
        UntilAsync(
            Cluster.TargetAs("postgres", "postgres"),
            string.Create(
                CultureInfo.InvariantCulture,
                $"select count(*) <= {but} from pg_stat_activity where datname = {Identifiers.Literal(Name)} and usesysid is not null"
            )
        );

    public async ValueTask DisposeAsync() =>
        await OnceUnusedAsync(Cluster, $"drop database if exists {Identifiers.Quote(Name)} with (force)");

    private static string UriOf(PostgresTarget target)
    {
        var password = target.LibpqEnvironment("test")["PGPASSWORD"];
        return $"postgresql://{target.User}:{password}@{target.Host}:{target.Port}/{System.Uri.EscapeDataString(target.Database)}";
    }

    private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    /// <summary>Runs SQL in a database that is nobody's own.</summary>
    public static async Task RunAsync(PostgresTarget target, string sql)
    {
        await using var connection = await OpenAsync(target);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Whoever is in a database, or in the template, may need longer to go than the server waits for.</summary>
    private static async Task OnceUnusedAsync(LocalCluster cluster, string sql)
    {
        for (var since = TimeProvider.System.GetTimestamp(); ; )
        {
            try
            {
                await RunAsync(cluster.TargetAs("postgres", "postgres"), sql);
                return;
            }
            catch (PostgresException e) when (IsInUse(e) && TimeProvider.System.GetElapsedTime(since) < Patience)
            {
                // The server has waited for five seconds, or, where a slot is in the way, not at all.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }

    private static bool IsInUse(PostgresException e) => e.SqlState == PostgresErrorCodes.ObjectInUse;

    private static async Task<NpgsqlConnection> OpenAsync(PostgresTarget target)
    {
        var connection = new NpgsqlConnection(target.NpgsqlConnectionString("test"));
        await connection.OpenAsync();
        return connection;
    }
}
