using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A materialized view that cannot be filled beside: readers wait for it only where the gate said so.</summary>
public sealed class AnnouncedFillTests(PostgresServer server)
{
    private const string Bound = """
        create function public.counted() returns bigint return (select count(*) from public.scores);
        create materialized view public.best as select id, public.counted() as n from public.scores
        """;

    [Fact]
    public async Task What_the_gate_said_is_done_there_and_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(Bound);
        var before = await fixture.CatalogAsync();

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.Contains(
            "refreshed under the lock",
            done.State!.Step("migrate").Finding!.ToString(),
            StringComparison.Ordinal
        );
        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task What_no_gate_said_is_refused_before_any_lock()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, "gates: { rollbackPlan: off }\n");
        await fixture.Database.ExecuteAsync(Bound);
        var before = await fixture.CatalogAsync();

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        Assert.Equal("migrations.beside.unannounced", end.State!.Step("migrate").Finding!.Code);
        Assert.Contains("public.best", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());
    }
}
