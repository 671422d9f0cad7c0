using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

/// <summary>A real PgBouncer that is told to hold back the clients of a database, and to let them go on.</summary>
public sealed class PgBouncerPauseTests(PostgresServer server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData("session")]
    [InlineData("transaction")]
    public async Task Clients_wait_while_they_are_held_back_and_go_on_afterwards(string mode)
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(server.Cluster, mode);
        await using var client = await ClientAsync(pooler, database);
        var console = await ConsoleAsync(pooler);

        // In session mode the servers are not released before the clients leave: held back they are all the same.
        Assert.Null(await console.PauseAsync(database.Name, TimeSpan.FromMilliseconds(300), default));
        await using (var server1 = await database.ConnectAsync())
        {
            await using var end = new NpgsqlCommand(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'client'",
                server1
            );
            await end.ExecuteNonQueryAsync();
        }

        var next = ClientAsync(pooler, database);
        await Assert.ThrowsAsync<TimeoutException>(() => next.WaitAsync(TimeSpan.FromMilliseconds(300)));
        Assert.Null(await console.ResumeAsync(database.Name, default));
        await (await next.WaitAsync(Patience)).DisposeAsync();
        Assert.Null(await console.ResumeAsync(database.Name, default));
    }

    [Fact]
    public async Task A_name_the_console_has_no_room_for_is_told_and_nobody_is_held_back()
    {
        var name = string.Concat(Enumerable.Repeat("시", 21));
        await using var database = await TestDatabase.CreateAsync(server.Cluster, name);
        await using var pooler = await PgBouncer.StartAsync(server.Cluster, "session");
        await using var client = await ClientAsync(pooler, database);
        var problem = await (await ConsoleAsync(pooler)).PauseAsync(name, TimeSpan.FromSeconds(1), default);
        Assert.Equal("postgres.pgbouncer.not-paused", problem!.Code);
        await (await ClientAsync(pooler, database).WaitAsync(Patience)).DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_the_pooler_does_not_know_is_told()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(server.Cluster, "session");
        var problem = await (await ConsoleAsync(pooler)).PauseAsync(database.Name, TimeSpan.FromSeconds(1), default);
        Assert.Equal("postgres.pgbouncer.not-paused", problem!.Code);
    }

    private static Task<PgBouncerConsole> ConsoleAsync(PgBouncer pooler) =>
        PgBouncerConsole.OpenAsync(
            FormattableString.Invariant($"host=127.0.0.1 port={pooler.Port} user=postgres dbname=pgbouncer"),
            "test",
            TimeProvider.System,
            default
        );

    private static async Task<NpgsqlConnection> ClientAsync(PgBouncer pooler, TestDatabase database)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(pooler.Target(database.Name).NpgsqlConnectionString("client"))
            {
                Timeout = 60,
                NoResetOnClose = true,
            }.ConnectionString
        );
        await connection.OpenAsync();
        await using var ask = new NpgsqlCommand("select 1", connection);
        await ask.ExecuteScalarAsync();
        return connection;
    }
}
