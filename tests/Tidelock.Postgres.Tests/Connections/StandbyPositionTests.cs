using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class StandbyPositionTests(PostgresServer server)
{
    [Fact]
    public async Task What_was_committed_without_waiting_for_the_disk_is_before_the_position()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var session = await PostgresSession.OpenAsync(database.Target, "test", default);
        for (var round = 0; round < 20; round++)
        {
            var message = await session.ScalarAsync<string>(
                "select pg_logical_emit_message(true, 'test', '')::text from set_config('synchronous_commit', 'off', true)",
                default
            );

            var position = await Standbys.PositionAsync(session, TimeProvider.System, default);

            Assert.True(
                await session.ScalarAsync<bool>($"select '{position}'::pg_lsn > '{message}'::pg_lsn", default),
                $"{position} is not behind {message}, in round {round}"
            );
        }
    }
}
