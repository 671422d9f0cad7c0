using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>Looks at a change after its run was completed, on a real server.</summary>
public sealed class SoakingTests(PostgresServer server)
{
    private const string Watch = """
        watch:
          for: 2s
          every: 600ms
          grace: 2s
          baseline: 1800ms
          probes: { rows: { sql: "select count(*) from public.results" } }
          healthy: [rows > 50]
          rollBackWhen: [rows < 10 for 2s]
        """;

    [Fact]
    public async Task A_look_sees_the_contract_what_depends_on_it_and_the_criteria_of_the_watch()
    {
        await using var fixture = await DeployedAsync();
        await using var services = await fixture.OpenAsync();
        var soaking = services.Soaking;

        var fine = await LookAsync(services, fixture);
        Assert.Empty(fine.Breaches.Concat(fine.Unseen));
        Assert.Equal(100, fine.Signals["rows"]);
        var standing = await soaking.StandingAsync(fixture.Request(), default);
        Assert.Equal((1, null), (standing!.Looks, standing.Breach));

        await fixture.Database.ExecuteAsync("revoke select on public.top_scores from public");
        var lost = await LookAsync(services, fixture);
        Assert.Contains("top_scores", Assert.Single(lost.Breaches).ToString(), StringComparison.Ordinal);
        Assert.True((await soaking.StandingAsync(fixture.Request(), default))!.IsBroken);
        await fixture.Database.ExecuteAsync("grant select on public.top_scores to public");
        Assert.Empty((await LookAsync(services, fixture)).Breaches);

        await fixture.Database.ExecuteAsync("delete from public.results where id > 40");
        var few = await LookAsync(services, fixture);
        Assert.Contains("rows", Assert.Single(few.Breaches).ToString(), StringComparison.Ordinal);

        await fixture.Database.ExecuteAsync("alter view public.scores rename column name to called");
        Assert.Contains(
            "called",
            string.Join(' ', (await LookAsync(services, fixture)).Breaches),
            StringComparison.Ordinal
        );
        var kept = await new SoakBook(services.Journal, fixture.Request().Change.Digest, "production").ReadAsync(
            default
        );
        Assert.Equal([0, 1, 0, 1, 1], kept.Select(l => Math.Min(1, l.Breaches.Count)));
    }

    [Fact]
    public async Task A_server_that_is_away_is_no_breach_and_no_look()
    {
        await using var fixture = await DeployedAsync();
        fixture.Address = "postgresql://postgres@127.0.0.1:1/nowhere";
        await using var services = await fixture.OpenAsync();
        var look = await LookAsync(services, fixture);
        Assert.Empty(look.Breaches);
        Assert.Single(look.Unseen);
        Assert.Equal(0, (await services.Soaking.StandingAsync(fixture.Request(), default))!.Looks);
    }

    [Fact]
    public async Task What_was_never_deployed_is_not_looked_at()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await using var services = await fixture.OpenAsync();
        var (none, refusal) = await services.Soaking.LookAsync(fixture.Request(), _ => { }, default);
        Assert.Equal((null, "deployments.soak.nothing"), (none, refusal?.Code));
        Assert.Null(await services.Soaking.StandingAsync(fixture.Request(), default));
    }

    [Fact]
    public async Task What_was_taken_back_is_not_looked_at_any_more()
    {
        await using var fixture = await DeployedAsync();
        await using var services = await fixture.OpenAsync();
        await LookAsync(services, fixture);
        var run = Assert.Single(await services.Journal.ListAsync(default)).Run;
        var back = await services.Deployment.RollBackAsync(
            run,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());

        var (none, refusal) = await services.Soaking.LookAsync(fixture.Request(), _ => { }, default);
        Assert.Equal((null, "deployments.soak.nothing"), (none, refusal?.Code));
    }

    [Fact]
    public async Task A_change_by_a_tool_that_somebody_took_back_is_a_breach_though_its_criteria_hold()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync("create table revision (v text); insert into revision values ('v1')");
        await ByToolAsync(fixture);
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        await using var services = await fixture.OpenAsync();
        var fine = await LookAsync(services, fixture);
        Assert.Empty(fine.Breaches.Concat(fine.Unseen));

        await fixture.Database.ExecuteAsync("alter table results drop column note; update revision set v = 'v1'");
        Assert.Single((await LookAsync(services, fixture)).Breaches);
        await fixture.Database.ExecuteAsync("update revision set v = 'v3'");
        var elsewhere = await LookAsync(services, fixture);
        Assert.Equal((0, 1), (elsewhere.Breaches.Count, elsewhere.Unseen.Count));
    }

    private static async Task ByToolAsync(DeploymentFixture fixture)
    {
        var tool = Directory.CreateDirectory(Path.Combine(fixture.ChangeFolder, "tool")).FullName;
        var script = Path.Combine(tool, "tool.sh");
        await File.WriteAllTextAsync(
            script,
            """
            case $1 in
                up) psql -Xqv ON_ERROR_STOP=1 -c "alter table results add column note text" -c "update revision set v = 'v2'" ;;
                down) psql -Xqv ON_ERROR_STOP=1 -c "alter table results drop column note" -c "update revision set v = 'v1'" ;;
                status) psql -XqAt -c "select v from revision" ;;
            esac
            """
        );
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "change.yaml"),
            $$"""
            change: scores
            migration:
              command:
                directory: tool
                up: [sh, ./tool.sh, up]
                down: [sh, ./tool.sh, down]
                status: [sh, ./tool.sh, status]
                to: v2
                records: [public.revision]
            {{Watch}}
            {{DeploymentFixture.Unrehearsed}}
            environments:
              production: { database: "${DATABASE_URL}" }
            """
        );
    }

    private async Task<DeploymentFixture> DeployedAsync()
    {
        var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace("watch: { for: 1s, every: 200ms }\n", Watch + "\n", StringComparison.Ordinal)
        );
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        return fixture;
    }

    private static async Task<SoakLook> LookAsync(TidelockServices services, DeploymentFixture fixture)
    {
        var (look, refusal) = await services.Soaking.LookAsync(fixture.Request(), _ => { }, default);
        Assert.True(look is not null, refusal?.ToString());
        return look;
    }
}
