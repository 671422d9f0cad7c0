using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Tests.House;

namespace Tidelock.Cli.Tests;

/// <summary>The seed's checklist without a tick: docs/checklist.md, on the example, from staging to the end in production.</summary>
public sealed partial class ChecklistTests(NativeProgram program, PostgresServer server)
{
    private const string Change = "examples/attempt-view-v1";

    /// <summary>What each item's finding says of who or what knew it.</summary>
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["staging"] = "on staging",
        ["backup"] = "rehearse",
        ["approval"] = "approved by kim, lee; its files are these",
        ["announcement"] = "over slack, by park through Tidelock",
        ["dashboards"] = "data source",
        ["rollback"] = "definition",
        ["window"] = "UTC",
        ["on-call"] = "Kim Minji, Lee Jiho",
        ["slack"] = "#db-ops",
    };

    [Fact]
    public async Task Every_item_is_passed_by_whoever_knows_it_and_nobody_ticks_one_off()
    {
        await using var staging = await server.CreateDatabaseAsync();
        await using var production = await server.CreateDatabaseAsync();
        using var place = new SeedPlace(program);
        await place.LoadAsync(staging);
        await place.LoadAsync(production);
        await using var platform = await Platform.StartAsync(production.Uri);
        await using var onStaging = await Postgres.Tests.Examples.SeedtestApi.StartAsync(
            staging.Uri,
            "--self-load",
            "20/s"
        );
        Adapt(place);
        platform.Join(place);

        // Staging: the same change, then looks at it.
        var stagingUrl = $"STAGING_DATABASE_URL='{staging.Uri}'";
        Expect(
            0,
            await place.PipedAsync(
                production.Uri,
                $"{stagingUrl} ./tidelock deploy {Change} --env staging --by park --confirm {staging.Name}"
            )
        );
        Expect(
            0,
            await place.PipedAsync(production.Uri, $"{stagingUrl} ./tidelock soak {Change} --env staging --once")
        );

        // Production, at a planned time: that is all that anybody types.
        var at = TimeProvider.System.GetUtcNow().AddSeconds(80).ToString("HH:mm", CultureInfo.InvariantCulture);
        var deployed = await place.PipedAsync(
            production.Uri,
            $"timeout 300 ./tidelock deploy {Change} --env production-monitored --by park --at {at} --zone UTC --confirm {production.Name}"
        );
        Expect(0, deployed);

        var report = await place.PipedAsync(production.Uri, "./tidelock report --format json");
        Expect(0, report);
        using var json = JsonDocument.Parse(report.Output);
        AssertChecklist(json.RootElement);
        AssertWatched(json.RootElement);
        AssertTold(platform);
        Assert.DoesNotContain("canary", deployed.Output + deployed.Errors + report.Output, StringComparison.Ordinal);
    }

    /// <summary>Nobody waits for the night here, and a busy machine is no slow API.</summary>
    private static void Adapt(SeedPlace place)
    {
        var now = TimeProvider.System.GetUtcNow();
        place.Edit(
            "from: \"02:00\", to: \"04:00\", zone: Asia/Seoul",
            string.Create(
                CultureInfo.InvariantCulture,
                $"from: \"{now.AddHours(-1):HH:mm}\", to: \"{now.AddHours(2):HH:mm}\", zone: UTC"
            )
        );

        // Staging's backup and way back are SeedReadmeTests'.
        place.Edit(
            "      approval: recommended\n",
            "      approval: recommended\n      backup: off\n      rollbackPlan: off\n"
        );
        place.Edit("connections within 50% of baseline", "connections < 400");
        place.Edit("connections within 20% of baseline", "connections < 400");
        place.Edit("api_errors > 10% for 3s", "api_errors > 99% for 3s");

        // kubectl is a program that starts at every look.
        place.Edit("  for: 6s\n  every: 500ms\n  baseline: 3s\n", "  for: 15s\n  every: 5s\n  baseline: 10s\n");
        place.Edit("for 3s", "for 15s");
        place.Edit("p95 < 500ms", "p95 < 20s");
        place.Edit("p95 > 2x baseline", "p95 > 20s");
    }

    private static void AssertChecklist(JsonElement report)
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "scripts", "production", "README.md"));
        var items = Item().Matches(readme).Select(m => m.Groups["gate"].Value).ToList();
        Assert.Equal(Known.Keys, items);
        var gates = report.GetProperty("gates").EnumerateArray().ToDictionary(g => g.GetProperty("gate").GetString()!);
        foreach (var item in items)
        {
            var gate = gates[item];
            var text = gate.GetProperty("finding").GetProperty("text").GetString();
            Assert.True(gate.GetProperty("standing").GetString() == "Passed", $"{item}: {gate}");
            Assert.True(gate.GetProperty("by").ValueKind == JsonValueKind.Null, $"{item}: {gate}");
            Assert.Contains(Known[item], text, StringComparison.Ordinal);
        }
    }

    private static void AssertWatched(JsonElement report)
    {
        Assert.Equal(
            [
                "prerequisites",
                "backup",
                "baseline",
                "appointment",
                "migrate",
                "verify",
                "smoke",
                "application",
                "watch",
                "complete",
            ],
            report.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("step").GetString())
        );
        var text = report.ToString();
        Assert.All(
            ["error_rate", "p95", "connections", "view_queries", "error_lines"],
            signal => Assert.Contains($"\"{signal}\"", text, StringComparison.Ordinal)
        );
    }

    private static void AssertTold(Platform platform)
    {
        var message = Assert.Single(platform.Slack.Messages);
        Assert.True(message.Edits > 0);
        Assert.Contains("완료", message.Text, StringComparison.Ordinal);
        Assert.Contains(platform.Slack.Posts, p => p.Thread == message.Stamp);
        Assert.Equal(2, platform.PagerDuty.Asked.Count(a => a.Path == "/v2/change/enqueue"));
        Assert.DoesNotContain(
            platform.PagerDuty.Asked,
            a => a.Path == "/v2/enqueue" && (string?)a.Json["event_action"] == "trigger"
        );
        Assert.Single(platform.Grafana.Asked, a => a is { Method: "POST", Path: "/api/annotations" });
        Assert.Contains(platform.Grafana.Asked, a => a.Method == "PATCH" && a.Json["timeEnd"]!.GetValue<long>() > 0);
    }

    private static void Expect(int exitCode, ProgramResult result) =>
        Assert.True(
            result.ExitCode == exitCode,
            $"{result.ExitCode} instead of {exitCode}: {result.Output}{result.Errors}"
        );

    [GeneratedRegex(
        @"^\| \*\*[^|]+\| `(?<gate>[a-z-]+)` \|",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline,
        1000
    )]
    private static partial Regex Item();
}
