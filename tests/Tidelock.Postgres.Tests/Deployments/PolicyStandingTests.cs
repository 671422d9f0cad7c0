using Tidelock.Gates;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class PolicyStandingTests(PostgresServer server)
{
    private const string Policy = "environments: { production: {}, others: {} }\n";

    [Fact]
    public async Task A_database_has_its_policy_whatever_its_environment_is_called_and_one_that_is_gone_is_missed()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var (policy, change) = (PathOf(fixture, "tidelock.yaml"), PathOf(fixture, "change.yaml"));
        await File.WriteAllTextAsync(policy, Policy);
        Assert.Null(await StandingAsync(fixture));
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Null(await StandingAsync(fixture));

        await File.AppendAllTextAsync(policy, "# edited\n");
        var edited = await StandingAsync(fixture);
        Assert.Equal((true, false, "gates.policy.changed"), (edited!.Passed, edited.Overridden, edited.Finding.Code));
        Assert.Equal(end.Run!.Value.Value, edited.Finding.Arguments["run"]);

        var named = await File.ReadAllTextAsync(change);
        await File.WriteAllTextAsync(policy, Policy.Replace("production", "live", StringComparison.Ordinal));
        await File.WriteAllTextAsync(
            change,
            named.Replace(
                "  production: {",
                "  live: { database: \"${DATABASE_URL}?application_name=x\" }\n  production: {",
                StringComparison.Ordinal
            )
        );
        Assert.Equal("gates.policy.same-database", (await RefusalAsync(fixture)).Finding.Code);

        await File.WriteAllTextAsync(change, named);
        Assert.Equal("gates.policy.changed", (await StandingAsync(fixture))?.Finding.Code);
        File.Delete(policy);
        Assert.Equal("gates.policy.gone", (await RefusalAsync(fixture)).Finding.Code);
        Assert.Equal(ExitCode.Refused, (await fixture.DeployAsync()).ExitCode);
    }

    [Fact]
    public async Task A_new_name_for_a_database_that_the_policy_knows_by_another_is_refused_until_the_policy_has_it_too()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var (policy, change) = (PathOf(fixture, "tidelock.yaml"), PathOf(fixture, "change.yaml"));
        await File.WriteAllTextAsync(policy, "environments: { production: {} }\n");
        Assert.Equal(ExitCode.Done, (await fixture.DeployAsync()).ExitCode);

        await File.WriteAllTextAsync(
            change,
            (await File.ReadAllTextAsync(change)).Replace("  production: {", "  another: {", StringComparison.Ordinal)
        );
        await File.WriteAllTextAsync(policy, Policy);
        var refused = await RefusalAsync(fixture, "another");
        Assert.Equal(
            ("gates.policy.other-name", "production"),
            (refused.Finding.Code, refused.Finding.Arguments["other"])
        );

        await File.WriteAllTextAsync(policy, "environments: { production: {}, another: {} }\n");
        Assert.Equal("gates.policy.changed", (await StandingAsync(fixture, "another"))?.Finding.Code);
    }

    private static string PathOf(DeploymentFixture fixture, string name) => Path.Combine(fixture.ChangeFolder, name);

    private static async Task<GateStanding> RefusalAsync(DeploymentFixture fixture, string environment = "production")
    {
        var standing = await StandingAsync(fixture, environment);
        Assert.True(standing?.Refuses);
        return standing!;
    }

    private static async Task<GateStanding?> StandingAsync(DeploymentFixture fixture, string environment = "production")
    {
        await using var services = await fixture.OpenAsync();
        var gates = await services.Deployment.ChecklistAsync(fixture.Request(environment), default);
        return gates.SingleOrDefault(g => g.Name == PolicyStanding.Name);
    }
}
