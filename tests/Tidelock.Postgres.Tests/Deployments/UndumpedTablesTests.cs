using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>What a restore loses because no dump has it.</summary>
public sealed class UndumpedTablesTests(PostgresServer server)
{
    [Fact]
    public async Task Tables_of_an_extension_that_are_not_its_configuration_are_named_among_what_a_restore_costs()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            create table ours as select 1 as n; create table settings as select 1 as n; create table cache as select 1 as n; create table unused (n int);
            alter extension plpgsql add table settings; alter extension plpgsql add table cache; alter extension plpgsql add table unused;
            update pg_extension set extconfig = array['settings'::regclass::oid], extcondition = array[''] where extname = 'plpgsql'
            """
        );
        await database.ExecuteAsync("analyze");
        await using var session = await PostgresSession.OpenAsync(database.Target, "test", default);
        var cost = Message.Of("rollbacks.backup.none");

        var told = await UndumpedTables.WithAsync(session, cost, default);

        Assert.Equal("rollbacks.undumped", told.Code);
        Assert.Equal("public.cache", told.Arguments["tables"]);
        await database.ExecuteAsync("alter extension plpgsql drop table cache");
        Assert.Same(cost, await UndumpedTables.WithAsync(session, cost, default));
    }
}
