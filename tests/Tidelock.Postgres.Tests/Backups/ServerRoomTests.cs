using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks.InPlace;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>What a restore will ask of a server, on the server itself.</summary>
public sealed class ServerRoomTests(PostgresServer server)
{
    [Fact]
    public async Task Each_tablespace_is_asked_for_its_share_and_a_full_one_is_named()
    {
        await using var disk = await SmallTablespace.MountAsync("120m");
        await using var database = await server.CreateDatabaseAsync();
        var space = "space_" + database.Name;
        await TestDatabase.RunAsync(server.Cluster.Target(), $"create tablespace {space} location '{disk.Folder}'");
        await database.ExecuteAsync(
            $"create table far tablespace {space} as select n, repeat('x', 500) as t from generate_series(1, 20000) n; analyze far"
        );
        Assert.Null((await LookAsync(database)).Lacking);

        disk.FillTo(32 << 20);

        var room = await LookAsync(database);
        Assert.Equal(disk.Folder, room.Lacking!.Arguments["folder"]);
        Assert.Null(room.LackingOver);
        Assert.Null(room.Unknown);
        await database.ExecuteAsync("drop table far");
        Assert.Null((await LookAsync(database)).Lacking);
        await TestDatabase.RunAsync(server.Cluster.Target(), $"drop tablespace {space}");
    }

    [Fact]
    public async Task Large_objects_count_among_the_locks_of_one_transaction()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var session = await PostgresSession.OpenAsync(database.Target, "test", default);
        Assert.Null(await InPlaceFit.TooLargeAsync(session, null, 1, default));
        var locks = await LockTable.EntriesAsync(session, default);

        await database.ExecuteAsync($"select lo_create(0) from generate_series(1, {(locks * 3 / 4) + 1})");

        var why = await InPlaceFit.TooLargeAsync(session, null, 1, default);
        Assert.Equal("rollbacks.in-place.too-many", why?.Code);
    }

    private static async Task<ServerRoom> LookAsync(TestDatabase database)
    {
        await using var session = await PostgresSession.OpenAsync(database.Target, "test", default);
        return await ServerRoom.LookAsync(session, restored: null, default);
    }
}
