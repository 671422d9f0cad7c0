using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class NamesElsewhereDeploymentTests(PostgresServer server)
{
    [Fact]
    public async Task A_name_that_the_authors_own_psql_would_read_otherwise_is_in_the_plan_and_refuses_the_run()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await fixture.Database.ExecuteAsync(
            """
            create schema app; create table app.results as select * from public.results with no data;
            do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$
            """
        );
        var before = await fixture.CatalogAsync();
        await WriteAsync("results");
        await using var services = await fixture.OpenAsync();

        var plan = await services.Deployment.PlanAsync(fixture.Request(), default);
        var end = await fixture.DeployAsync();

        Assert.Contains(plan.Surprises, m => m.Code == "migrations.view.names-elsewhere");
        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        Assert.Contains("public.results", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("app.results", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());

        await WriteAsync("public.results");
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        Task WriteAsync(string table) =>
            File.WriteAllTextAsync(
                Path.Combine(fixture.ChangeFolder, "new.sql"),
                $"select id::bigint as id, upper(name) as name, score from {table}"
            );
    }
}
