using Npgsql;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>Somebody holds a dependent when a run wants to know what is there.</summary>
public sealed class HeldWhileComparedTests(PostgresServer server)
{
    [Fact]
    public async Task Whoever_holds_a_dependent_behind_the_way_back_is_waited_for_and_named_and_the_way_back_has_not_failed()
    {
        await using var fixture = await ImpatientAsync();
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await using var holder = await fixture.Database.ConnectAsync();
        fixture.On = e => Hold(holder, e is MigrationReverted);
        await using var services = await fixture.OpenAsync();

        var held = await BackAsync(fixture, services, done);

        Assert.True(held.ExitCode == ExitCode.NeedsPerson, held.Finding.ToString());
        Assert.Equal("rollbacks.not-compared", held.State!.Step("rollback.verify").Finding!.Code);
        var told = held.Finding.ToString();
        Assert.StartsWith("The change has been taken back.", told, StringComparison.Ordinal);
        Assert.Contains($"is held by process {holder.ProcessID} ", told, StringComparison.Ordinal);
        Assert.Contains($"tidelock rollback {done.Run}", told, StringComparison.Ordinal);
        Assert.False(held.State.InPlace);

        fixture.On = _ => { };
        await new NpgsqlCommand("rollback", holder).ExecuteNonQueryAsync();
        var compared = await BackAsync(fixture, services, done);
        Assert.True(compared.ExitCode == ExitCode.RolledBack, compared.Finding.ToString());
        Assert.Equal("rollbacks.identical", compared.State!.Step("rollback.verify").Finding!.Code);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task Nor_is_a_change_taken_back_because_somebody_holds_a_dependent_at_its_end()
    {
        await using var fixture = await ImpatientAsync();
        await using var holder = await fixture.Database.ConnectAsync();
        fixture.On = e => Hold(holder, e is StepStarted { Step: "complete" });

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.NeedsPerson, end.Finding.ToString());
        Assert.Equal("rollbacks.not-looked", end.Finding.Code);
        Assert.Contains($"process {holder.ProcessID}", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.True(end.State!.InPlace);
        Assert.Null(end.State.Rollback);
    }

    [Fact]
    public async Task Nor_because_somebody_holds_a_dependent_when_the_change_is_verified()
    {
        await using var fixture = await ImpatientAsync();
        await using var holder = await fixture.Database.ConnectAsync();
        fixture.On = e => Hold(holder, e is StepStarted { Step: "verify" });

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.NeedsPerson, end.Finding.ToString());
        Assert.Equal("rollbacks.not-looked", end.Finding.Code);
        Assert.Contains($"process {holder.ProcessID}", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.True(end.State!.InPlace);
        Assert.Null(end.State.Rollback);
    }

    [Fact]
    public async Task Who_lets_go_in_time_does_not_keep_the_change_from_being_verified()
    {
        await using var fixture = await ImpatientAsync("60s");
        await using var holder = await fixture.Database.ConnectAsync();
        fixture.On = e => Hold(holder, e is StepStarted { Step: "verify" });
        var process = $"process {holder.ProcessID}";
        fixture.OnProgress = p =>
        {
            if (p.ToString().Contains(process, StringComparison.Ordinal))
            {
                holder.Close();
            }
        };

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(System.Data.ConnectionState.Closed, holder.State);
    }

    [Theory]
    [InlineData("prerequisites")]
    [InlineData("verify")]
    public async Task A_temporary_view_that_comes_and_goes_with_its_session_is_neither_a_surprise_nor_a_loss(
        string step
    )
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync(
            "create index by_name on results (name)",
            "drop index by_name",
            DeploymentFixture.Unrehearsed
        );
        await using var somebody = await fixture.Database.ConnectAsync();
        fixture.On = e =>
        {
            if (e is StepStarted started && started.Step == step)
            {
                using var mine = new NpgsqlCommand("create temporary view mine as select id from scores", somebody);
                mine.ExecuteNonQuery();
            }
            else if (e is StepStarted { Step: "complete" })
            {
                using var gone = new NpgsqlCommand("drop view mine", somebody);
                gone.ExecuteNonQuery();
            }
        };

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var verified = end.State!.Fact("verify", "closure")!.Value.GetRawText();
        Assert.Contains("\"mine\"", verified, StringComparison.Ordinal);
    }

    private static void Hold(NpgsqlConnection holder, bool isTime)
    {
        if (isTime)
        {
            using var hold = new NpgsqlCommand("begin; lock table top_scores in access exclusive mode", holder);
            hold.ExecuteNonQuery();
        }
    }

    private async Task<DeploymentFixture> ImpatientAsync(string total = "4s")
    {
        var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace(
                "  down: down.sql\n",
                $"  down: down.sql\n  locks: {{ total: {total} }}\n",
                StringComparison.Ordinal
            )
        );
        return fixture;
    }

    private static Task<DeploymentEnd> BackAsync(
        DeploymentFixture fixture,
        TidelockServices services,
        DeploymentEnd done
    ) =>
        services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
}
