using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class PoolerDetectionTests(PostgresServer server)
{
    [Theory]
    [InlineData("transaction", PoolerKind.SharesBackends)]
    [InlineData("session", PoolerKind.Pooler)]
    public async Task PgBouncer_is_found_in_either_mode_and_nothing_of_ours_leaks_through_it(
        string mode,
        PoolerKind kind
    )
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(server.Cluster, mode);
        var target = pooler.Target(database.Name);
        Assert.Equal(kind, await PoolerDetection.FindAsync(target, "t", CancellationToken.None));
        var e = await Assert.ThrowsAsync<TidelockException>(() =>
            PostgresSession.OpenAsync(target, "t", CancellationToken.None)
        );
        Assert.Equal("postgres.connect.pooler", e.Problem.Code);
        await using var stranger = await PostgresSession.ConnectAsync(target, "t", CancellationToken.None);
        await using var command = new Npgsql.NpgsqlCommand("show search_path", stranger);
        Assert.Equal("\"$user\", public", await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_direct_connection_is_not_taken_for_a_pooler() =>
        Assert.Equal(
            PoolerKind.None,
            await PoolerDetection.FindAsync(server.Cluster.Target(), "t", CancellationToken.None)
        );
}
