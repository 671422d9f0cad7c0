using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Rehearsals;

public sealed class PlanTests(PostgresServer server)
{
    [Fact]
    public async Task A_plan_tells_what_changes_what_stays_what_is_locked_and_who_is_in_the_way()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(
            "create function public.refresh() returns bigint language sql as 'select count(*) from public.scores'"
        );
        await fixture.Database.ExecuteAsync(
            """
            create materialized view public.best as select id from public.top_scores;
            create materialized view public.unread as select id from public.top_scores with no data
            """
        );
        await using var reader = await fixture.Database.ConnectAsync();
        await using var open = await reader.BeginTransactionAsync(CancellationToken.None);
        await using (var command = reader.CreateCommand())
        {
            command.CommandText = "select * from public.top_scores limit 1";
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }

        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), CancellationToken.None);

        Assert.True(plan.Ready);
        Assert.Equal("deployments.plan.recreated", plan.Change[0].Code);
        Assert.Contains("\"id\" integer", Text(plan.Change), StringComparison.Ordinal);
        Assert.Contains(
            "dependents: public.top_scores, public.best, public.unread; grants to others: 2",
            Text(plan.Kept),
            StringComparison.Ordinal
        );
        var filled = Assert.Single(plan.Change, m => m.Code == "deployments.plan.filled-anew");
        Assert.StartsWith("public.best is built and filled anew", filled.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{reader.ProcessID}", Text(plan.Locks), StringComparison.Ordinal);
        Assert.Equal("deployments.plan.proven", plan.WayBack[0].Code);
        Assert.Contains("refresh()", Text(plan.Surprises), StringComparison.Ordinal);
        Assert.Empty(await services.Journal.ListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_plan_and_the_checklist_say_beforehand_which_readers_will_wait_for_what_cannot_be_built_beside()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(
            """
            create function public.counted() returns bigint return (select count(*) from public.scores);
            create materialized view public.best as select id, public.counted() as n from public.top_scores
            """
        );
        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), CancellationToken.None);

        var waits = plan
            .Surprises.Where(m => m.Code.StartsWith("migrations.beside.", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(["migrations.beside.will-not", "migrations.beside.back-will-not"], waits.Select(m => m.Code));
        Assert.All(
            waits,
            m => Assert.Contains("public.best: function public.counted()", m.ToString(), StringComparison.Ordinal)
        );
        Assert.Contains(
            "until these materialized views are filled under the lock: public.best",
            Assert.Single(plan.Gates, g => g.Name == "rollback").Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Contains("대기하게 됩니다", TextCatalog.Korean.Render(waits[0]), StringComparison.Ordinal);
    }

    private static string Text(IReadOnlyList<Message> messages) => string.Join('\n', messages);
}
