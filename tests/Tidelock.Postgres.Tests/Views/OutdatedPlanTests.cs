using Tidelock.Checks;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

public sealed class OutdatedPlanTests(PostgresServer server)
{
    [Fact]
    public async Task A_statement_prepared_before_the_change_is_told_as_that_and_not_as_a_broken_query()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            create view v as select 1 as a;
            create function prepared() returns setof int language plpgsql as
              $$ begin return query execute 'execute before_the_change'; end $$;
            """
        );

        // As a pooler hands out a session that has prepared the statement already.
        var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        await session.ExecuteAsync("prepare before_the_change as select * from public.v", default);
        await session.ExecuteAsync("execute before_the_change", default);
        await database.ExecuteAsync("drop view v; create view v as select 'x'::text as a");

        using var http = new HttpClient();
        var none = new Dictionary<string, string?>(StringComparer.Ordinal);
        var ground = new CheckGround(_ => Task.FromResult(session), http, "/tmp", none, null, TimeProvider.System);
        var check = new SqlCheck("reports", "select * from prepared()", null, null, null, null, Critical: true);
        var result = Assert.Single(await CheckRunner.RunAsync([check], ground, _ => { }, default));
        Assert.Equal(
            (false, false, true, "checks.sql.outdated-plan"),
            (result.Passed, result.IsAnswered, result.IsOutdated, result.Finding.Code)
        );
    }

    [Fact]
    public async Task Another_use_of_the_same_SQLSTATE_is_a_query_that_fails()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            create function refuses() returns int language plpgsql as
              $$ begin raise exception 'cached plan must not change result type' using errcode = '0A000'; end $$
            """
        );
        using var http = new HttpClient();
        var none = new Dictionary<string, string?>(StringComparer.Ordinal);
        var ground = new CheckGround(
            token => PostgresSession.OpenAsync(database.Target, "t", token),
            http,
            "/tmp",
            none,
            null,
            TimeProvider.System
        );
        var check = new SqlCheck("reports", "select refuses()", null, null, null, null, Critical: true);
        var result = Assert.Single(await CheckRunner.RunAsync([check], ground, _ => { }, default));
        Assert.Equal((true, false, "checks.sql.failed"), (result.IsAnswered, result.IsOutdated, result.Finding.Code));
    }
}
