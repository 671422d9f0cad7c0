using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Tests.Notifications;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>People are told of a real run; Slack is a server that speaks as its documentation says.</summary>
public sealed class NoticeDeploymentTests(PostgresServer server)
{
    [Fact]
    public async Task A_run_and_its_rollback_later_are_one_message()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var fixture = await CreateAsync(slack);
        var end = await fixture.DeployAsync();
        Assert.Equal(ExitCode.Done, end.ExitCode);
        Assert.Contains("✓ completed", Assert.Single(slack.Messages).Text, StringComparison.Ordinal);

        await using (var services = await fixture.OpenAsync())
        {
            end = await services.Deployment.RollBackAsync(
                end.Run!.Value,
                fixture.Request(),
                "definition",
                fixture.Terminal(),
                default
            );
        }

        Assert.Equal(ExitCode.RolledBack, end.ExitCode);
        var message = Assert.Single(slack.Messages);
        Assert.Contains("↩ rolled back", message.Text, StringComparison.Ordinal);
        var entries = await EntriesAsync(fixture, end);
        var ended = entries.Last(e => e.Kind == nameof(RunEnded));
        Assert.Contains($"tidelock:{end.Run}:{ended.Sequence}:{ended.Hash}", message.Read, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", string.Concat(entries.Select(e => e.Payload)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_could_tell_nobody_is_completed_and_resume_tells_it()
    {
        await using var slack = await SlackServer.StartAsync();
        slack.Always = SlackServer.Refusing("token_revoked");
        await using var fixture = await CreateAsync(slack);
        var end = await fixture.DeployAsync();
        Assert.Equal(ExitCode.Done, end.ExitCode);
        Assert.Equal("token_revoked", end.State!.Notices["slack"].Problem!.Arguments["error"]);

        slack.Always = null;
        await using var services = await fixture.OpenAsync();
        var told = await services.Deployment.ResumeAsync(
            end.Run!.Value,
            fixture.Request(),
            takeOver: false,
            fixture.Terminal(),
            default
        );

        Assert.Equal((ExitCode.Done, null), (told.ExitCode, told.State!.Notices["slack"].Problem));
        Assert.Contains("✓ completed", Assert.Single(slack.Messages).Text, StringComparison.Ordinal);
    }

    private async Task<DeploymentFixture> CreateAsync(SlackServer slack)
    {
        var notify =
            $$$"""notify: { slack: { channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", api: "{{{slack.Api}}}" } }""";
        var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed + notify + "\n");
        fixture.Variables["SLACK_BOT_TOKEN"] = SlackServer.Token;
        return fixture;
    }

    private static async Task<IReadOnlyList<JournalEntry>> EntriesAsync(DeploymentFixture fixture, DeploymentEnd end)
    {
        await using var services = await fixture.OpenAsync();
        return await RunReader.EntriesAsync(services.Journal, end.Run!.Value, default);
    }
}
