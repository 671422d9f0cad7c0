using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

/// <summary>Why the client programs of 17 and later are not taken for a server up to 16.</summary>
public sealed class TransactionTimeoutTests(PostgresServer server)
{
    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task What_pg_restore_begins_with_since_17_is_refused_by_exactly_the_servers_before_it(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        var setting = database.ExecuteAsync("set transaction_timeout = 0");

        if (major >= 17)
        {
            await setting;
            return;
        }

        var refused = await Assert.ThrowsAsync<PostgresException>(() => setting);
        Assert.Equal(PostgresErrorCodes.UndefinedObject, refused.SqlState);
    }
}
