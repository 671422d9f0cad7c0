using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;
using Tidelock.Tests.Notifications;
using Tidelock.Tests.Probes;
using Tidelock.Tests.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A real run that its program must leave with the change in place: every channel calls somebody, and says what to type.</summary>
public sealed class AlarmTests(PostgresServer server)
{
    [Fact]
    public async Task A_database_that_stays_away_calls_people_and_resume_ends_the_alarm()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var others = await OthersAsync();
        await using var fixture = await CreateAsync(slack, others);
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        fixture.Address = relay.Through(fixture.Database.Uri);
        fixture.Patience = new RunPatience { Database = TimeSpan.FromSeconds(1) };
        fixture.On = e => relay.CutAfterCommit |= e is WatchTicked { Baseline: false };

        var end = await fixture.DeployAsync();

        Assert.Equal((ExitCode.NeedsPerson, "deployments.gave-up"), (end.ExitCode, end.Finding.Code));
        SaysWhatToType(slack, others, end, "resume");
        fixture.On = _ => { };
        relay.CutAfterCommit = false;
        await ResumedAsync(slack, others, fixture, end);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_to_the_end_calls_people_and_resume_ends_the_alarm()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var others = await OthersAsync();
        await using var fixture = await CreateAsync(slack, others);
        var journals = new List<FailingJournal>();
        fixture.Patience = new RunPatience { Journal = TimeSpan.FromSeconds(1) };
        fixture.Decorate = real =>
        {
            journals.Add(new FailingJournal(real));
            return journals[^1];
        };
        fixture.On = e => journals[0].IsFull |= e is WatchTicked { Baseline: false };

        var end = await fixture.DeployAsync();

        Assert.Equal((ExitCode.NeedsPerson, "deployments.not-journaled"), (end.ExitCode, end.Finding.Code));
        SaysWhatToType(slack, others, end, "resume");
        await ResumedAsync(slack, others, fixture, end);
    }

    private static void SaysWhatToType(SlackServer slack, RecordingServer others, DeploymentEnd end, string verb)
    {
        var command = $"tidelock {verb} {end.Run}";
        var message = Assert.Single(slack.Messages);
        Assert.Contains(command, message.Read, StringComparison.Ordinal);
        Assert.Contains("on-call: PagerDuty", message.Read, StringComparison.Ordinal);
        // A watch that cannot see any more is held, and says so, where the end of its time comes first.
        var told = slack.Posts.Where(p => p.Thread is not null && (bool)p.Body["reply_broadcast"]!).Select(p => p.Text);
        Assert.Single(told, t => !t.Contains("● Held", StringComparison.Ordinal));
        Assert.Single(told, t => t.Contains("✗ ", StringComparison.Ordinal));

        var called = Assert.Single(Sent(others, "/v2/enqueue"));
        Assert.Equal(
            ("trigger", "needs-person"),
            ((string?)called["event_action"], (string?)called["payload"]!["class"])
        );
        var details = called["payload"]!["custom_details"]!;
        Assert.Contains(command, (string?)details["commands"], StringComparison.Ordinal);
        Assert.Equal("on-call: PagerDuty", (string?)details["contacts"]);

        var hooked = Assert.Single(Sent(others, "/hook"), e => (string?)e["kind"] == "Alarm");
        Assert.Equal(
            (end.Run!.Value.Value, end.Finding.Code),
            ((string?)hooked["run"], (string?)hooked["finding"]!["code"])
        );
        Assert.Contains(command, hooked["commands"]!.AsArray().Select(c => (string?)c));
        Assert.Equal("PagerDuty", (string?)hooked["contacts"]!["on-call"]);

        var line = Assert.Single(Sent(others, "/api/annotations"), e => Tags(e).Contains("needs-person"));
        Assert.Equal((long?)line["time"], (long?)line["timeEnd"]);
    }

    private static async Task ResumedAsync(
        SlackServer slack,
        RecordingServer others,
        DeploymentFixture fixture,
        DeploymentEnd left
    )
    {
        fixture.Patience = new RunPatience();
        await using var services = await fixture.OpenAsync();
        var end = await services.Deployment.ResumeAsync(
            left.Run!.Value,
            fixture.Request(),
            takeOver: false,
            fixture.Terminal(),
            default
        );
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Contains("✓ completed", Assert.Single(slack.Messages).Text, StringComparison.Ordinal);
        Assert.Equal(
            ["trigger", "resolve"],
            Sent(others, "/v2/enqueue").Select(e => (string?)e["event_action"]).Distinct(StringComparer.Ordinal)
        );
    }

    private static List<JsonNode> Sent(RecordingServer others, string path) =>
        [.. others.Asked.Where(a => a is { Method: "POST" } && a.Path == path).Select(a => a.Json)];

    private static IEnumerable<string?> Tags(JsonNode annotation) =>
        annotation["tags"]!.AsArray().Select(t => (string?)t);

    /// <summary>PagerDuty, Grafana and a receiver of events, as far as they are spoken to.</summary>
    private static Task<RecordingServer> OthersAsync() =>
        RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = asked.Path.StartsWith("/v2/", StringComparison.Ordinal) ? 202 : 200;
                return response.WriteAsync(asked.Method == "GET" ? "[]" : """{"status":"success","id":7}""");
            }
        );

    private async Task<DeploymentFixture> CreateAsync(SlackServer slack, RecordingServer others)
    {
        var fixture = await DeploymentFixture.CreateAsync(
            server,
            $$"""
            {{DeploymentFixture.Unrehearsed}}
            contacts: { on-call: PagerDuty }
            notify:
              slack: { channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", api: "{{slack.Api}}" }
              pagerduty: { routingKey: "${CHANNEL_KEY}", address: "{{others.Address}}" }
              grafana: { address: "{{others.Address}}", token: "${CHANNEL_KEY}" }
              webhook: { address: "{{others.Address}}hook", secret: "${CHANNEL_KEY}" }

            """
        );
        fixture.Variables["SLACK_BOT_TOKEN"] = SlackServer.Token;
        fixture.Variables["CHANNEL_KEY"] = "canary0routing0key0000000000005e";
        return fixture;
    }
}
