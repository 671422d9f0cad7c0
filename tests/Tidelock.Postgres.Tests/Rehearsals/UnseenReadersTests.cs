using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Rehearsals;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>PostgreSQL keeps no dependency for an application's statements: pg_stat_statements has them.</summary>
public sealed class UnseenReadersTests(PostgresServer server)
{
    [Fact]
    public async Task A_plan_tells_which_statements_of_applications_use_the_relation()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        var database = fixture.Database;
        await database.ExecuteAsync(
            "create extension pg_stat_statements; create table public.copied (score numeric, id int, name text)"
        );
        for (var i = 0; i < 3; i++)
        {
            await database.ExecuteAsync("insert into public.copied select * from public.scores");
        }

        await database.ExecuteAsync("select max(score) from public.top_scores where id > 3");
        await database.ExecuteAsync("select score as scores from public.results");
        await database.ExecuteAsync($"{OwnStatement.Sign} select name from public.scores");
        await using var services = await fixture.OpenAsync();

        var plan = await services.Deployment.PlanAsync(fixture.Request(), CancellationToken.None);

        var told = plan.Surprises.Where(m => m.Code.Contains("statement", StringComparison.Ordinal)).ToList();
        Assert.Equal("deployments.plan.statement-star", told[0].Code);
        Assert.Contains(
            "postgres runs a statement on public.scores (3 calls so far)",
            told[0].ToString(),
            StringComparison.Ordinal
        );
        var other = Assert.Single(told, m => m.Code == "deployments.plan.statement");
        Assert.Contains(
            "public.top_scores (1 calls so far): select max(score) from public.top_scores where id > $1",
            other.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public async Task What_cannot_be_looked_at_is_said_with_what_to_grant()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        var role = $"blind_{Guid.NewGuid():N}";
        await bench.Database.ExecuteAsync($"create role {role} login");

        var missing = Assert.Single(await FindAsync(bench, "postgres"));
        Assert.Equal("deployments.plan.statements-uncounted", missing.Code);

        await bench.Database.ExecuteAsync("create extension pg_stat_statements; select a from v");
        var hidden = Assert.Single(await FindAsync(bench, role));
        Assert.Equal("deployments.plan.statements-hidden", hidden.Code);
        Assert.Contains("grant pg_read_all_stats", hidden.ToString(), StringComparison.Ordinal);

        await bench.Database.ExecuteAsync($"grant pg_read_all_stats to {role}");
        Assert.Equal("deployments.plan.statement", Assert.Single(await FindAsync(bench, role)).Code);

        await bench.Database.ExecuteAsync("revoke all on pg_stat_statements from public");
        Assert.Equal("deployments.plan.statements-unread", Assert.Single(await FindAsync(bench, role)).Code);
    }

    private static async Task<IReadOnlyList<Message>> FindAsync(ViewBench bench, string role)
    {
        var name = new RelationName("public", "v");
        var rehearsal = new WayRehearsal("definition", name) { Before = await bench.CaptureAsync(name) };
        await using var session = await PostgresSession.OpenAsync(
            bench.Database.TargetAs(role),
            "tidelock/plan",
            default
        );
        return await UnseenReaders.FindAsync(session, rehearsal, default);
    }
}
