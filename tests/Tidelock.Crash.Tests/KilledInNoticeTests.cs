using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Tests.Notifications;
using Tidelock.Tests.Probes;

namespace Tidelock.Crash.Tests;

/// <summary>A run that tells Slack and PagerDuty, killed where what was told is not written down, or just was.</summary>
public sealed class KilledInNoticeTests(PostgresServer server)
{
    private const int MostProcesses = 20;
    private const string Where = "NoticeSent MigrationApplied RunEnded";

    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    public async Task A_run_that_is_killed_again_and_again_is_one_message_one_incident_and_an_end_that_is_told(
        string when
    )
    {
        await using var slack = await SlackServer.StartAsync();
        await using var pagerDuty = await RecordingServer.StartAsync(
            (_, response) =>
            {
                response.StatusCode = 202;
                return response.WriteAsync("""{"status":"success"}""");
            }
        );
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await TellingAsync(bench, slack, pagerDuty);

        var (run, kills) = await CarryAsync(bench, when);

        Assert.Equal(4, kills);
        var message = Assert.Single(slack.Messages);
        Assert.Contains("✓ completed", message.Text, StringComparison.Ordinal);
        var lines = slack.Posts.Where(p => p.Thread is not null).SelectMany(p => p.Text.Split('\n')).ToList();
        var steps = lines.Where(l => l.Contains("✓ ", StringComparison.Ordinal)).ToList();
        Assert.Equal(steps.Count, steps.Distinct(StringComparer.Ordinal).Count());
        Assert.Single(lines, l => l.Contains("● started by kim", StringComparison.Ordinal));
        Assert.Single(lines, l => l.Contains("✓ migrate", StringComparison.Ordinal));
        Assert.Single(lines, l => l.Contains("✓ completed", StringComparison.Ordinal));

        var called = Sent(pagerDuty, "/v2/enqueue");
        Assert.All(called, e => Assert.Equal($"tidelock/{run}", (string?)e["dedup_key"]));
        Assert.Equal("resolve", (string?)called[^1]["event_action"]);
        var end = Sent(pagerDuty, "/v2/change/enqueue")[^1];
        Assert.Contains("✓ completed", (string?)end["payload"]!["summary"], StringComparison.Ordinal);
        Assert.Contains(
            $"tidelock:{run}:",
            (string?)end["payload"]!["custom_details"]!["anchor"],
            StringComparison.Ordinal
        );
    }

    /// <summary>Goes on until the run has ended and its channels have told so.</summary>
    private static async Task<(RunId Run, int Kills)> CarryAsync(CrashBench bench, string when)
    {
        var kills = 0;
        for (var processes = 0; processes < MostProcesses; processes++)
        {
            var (run, state, entries) = await bench.ReadAsync();
            var end = entries.LastOrDefault(e => e.Kind == nameof(RunEnded))?.Sequence;
            if (
                run is { } id
                && end is not null
                && state.Notices.Count == 2
                && state.Notices.Values.All(n => n.Upto >= end)
            )
            {
                Assert.Equal(RunResult.Completed, state.Result);
                Outcome.IsSound(entries);
                return (id, kills);
            }

            var verb = run is null ? "deploy" : "resume";
            var (code, output) = await bench.RunAsync(verb, run, when: $"{when} {Where}");
            Assert.True(code is 0 or 137, $"{verb} ended with {code}\n{output}");
            kills += code == 137 ? 1 : 0;
        }

        throw new InvalidOperationException("it never comes to its end");
    }

    private static async Task TellingAsync(CrashBench bench, SlackServer slack, RecordingServer pagerDuty)
    {
        await bench.ReplaceAsync(
            "watch: { for: 1s, every: 200ms }",
            $$"""
            watch: { for: 300ms, every: 100ms }
            notify:
              slack: { channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", api: "{{slack.Api}}" }
              pagerduty: { address: "{{pagerDuty.Address}}" }
            """
        );
        bench.Variables["SLACK_BOT_TOKEN"] = SlackServer.Token;
        bench.Variables["PAGERDUTY_ROUTING_KEY"] = "canary0routing0key0000000000005e";
    }

    private static List<JsonNode> Sent(RecordingServer server, string path) =>
        [.. server.Asked.Where(a => a.Path == path).Select(a => a.Json)];
}
