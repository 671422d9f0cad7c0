using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Tidelock.Notifications.Grafana;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Tests.Probes;

namespace Tidelock.Tests.Notifications;

/// <summary>Grafana's annotations, as their documentation describes them.</summary>
public sealed class GrafanaChannelTests
{
    private const string Token = "canary-annotations-40af";

    [Fact]
    public async Task A_run_is_a_region_from_its_start_to_its_end()
    {
        var grafana = new Annotations();
        await using var server = await grafana.StartAsync();
        using var run = Told(server, dashboard: "seedtest", panel: 4);
        await run.TellAsync(ToldRun.Started);
        Assert.True((await run.TellAsync(new StepStarted("migrate", 1), ToldRun.Held())).IsNothing);
        run.Restart();
        await run.TellAsync(ToldRun.Ended(RunResult.Completed));

        Assert.Equal(["GET", "POST", "PATCH"], server.Asked.Select(a => a.Method));
        Assert.All(server.Asked, a => Assert.Equal($"Bearer {Token}", a.Authorization));
        var post = server.Asked[1].Json.AsObject();
        Assert.Equal("/api/annotations", server.Asked[1].Path);
        Assert.Equal("seedtest", (string?)post["dashboardUID"]);
        Assert.Equal(4, (int?)post["panelId"]);
        Assert.Equal(1795366801000, (long?)post["time"]);
        Assert.False(post.ContainsKey("timeEnd"));
        Assert.Equal(
            ["tidelock", "attempt-view-v1", "production", "night", $"run:{run.Run}"],
            post["tags"]!.AsArray().Select(t => (string?)t)
        );
        var annotation = Assert.Single(grafana.All).Value;
        Assert.Equal("/api/annotations/41", server.Asked[2].Path);
        Assert.Equal(1795366804000, (long?)annotation["timeEnd"]);
        Assert.Contains("completed", (string?)annotation["text"], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_way_back_is_a_region_of_its_own_also_days_later()
    {
        var grafana = new Annotations();
        await using var server = await grafana.StartAsync();
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started);
        await run.TellAsync(ToldRun.Ended(RunResult.Completed));
        var end = (long?)grafana.All[41]["timeEnd"];
        run.Time.Advance(TimeSpan.FromDays(2));
        await run.TellAsync(new EpochTaken(2, "bastion-1", 1), ToldRun.Back);
        await run.TellAsync(ToldRun.Ended(RunResult.RolledBack));

        Assert.Equal(2, grafana.All.Count);
        Assert.Equal(end, (long?)grafana.All[41]["timeEnd"]);
        var back = grafana.All[42];
        Assert.Contains("rollback", back["tags"]!.AsArray().Select(t => (string?)t));
        Assert.Equal(1000, (long?)back["timeEnd"] - (long?)back["time"]);
        Assert.Contains("definition", (string?)back["text"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_region_of_which_nothing_was_written_down_is_found_and_not_made_twice()
    {
        var grafana = new Annotations();
        await using var server = await grafana.StartAsync();
        using var killed = Told(server);
        var news = killed.Happen(ToldRun.Started);
        await killed.TellAsync(news);
        using var next = Told(server);
        await next.TellAsync(next.Happen(ToldRun.Started));
        await next.TellAsync(ToldRun.Ended(RunResult.Completed));
        Assert.NotNull(Assert.Single(grafana.All).Value["timeEnd"]);
    }

    [Fact]
    public async Task One_that_somebody_deleted_is_made_anew()
    {
        var grafana = new Annotations();
        await using var server = await grafana.StartAsync();
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started);
        grafana.All.Clear();
        Assert.Null((await run.TellAsync(ToldRun.Ended(RunResult.Completed))).Problem);
        Assert.Equal(1795366802000, (long?)Assert.Single(grafana.All).Value["timeEnd"]);
    }

    [Theory]
    [InlineData(401, """{"message":"Invalid API key"}""", true)]
    [InlineData(500, "", false)]
    [InlineData(200, "<html>log in</html>", true)]
    public async Task What_Grafana_does_not_take_is_told(int status, string body, bool needsPerson)
    {
        await using var server = await StubServer.SayingAsync(status, body);
        using var run = Told(server.Address);
        var failed = await run.TellAsync(ToldRun.Started);
        Assert.NotNull(failed.Problem);
        Assert.Equal(needsPerson, failed.NeedsPerson);
        Assert.DoesNotContain(Token, failed.Problem.ToString(), StringComparison.Ordinal);
        Assert.False((await run.AskAsync()).Passed);
    }

    [Fact]
    public async Task It_is_asked_for_the_dashboard_and_a_preview_asks_nobody()
    {
        var grafana = new Annotations();
        await using var server = await grafana.StartAsync();
        using var run = Told(server, dashboard: "gone", language: "ko");
        Assert.Equal("notifications.grafana.no-dashboard", (await run.AskAsync()).Finding.Code);
        using var plain = Told(server);
        Assert.True((await plain.AskAsync()).Passed);
        var asked = server.Asked.Count;
        var shown = Assert.Single(run.Preview(ToldRun.Started));
        Assert.StartsWith("POST ", shown.Where, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, shown.Body, StringComparison.Ordinal);
        Assert.Equal(asked, server.Asked.Count);
        Assert.Null((await plain.TryAsync()).Problem);
        Assert.Contains("trial", Assert.Single(grafana.All).Value["tags"]!.AsArray().Select(t => (string?)t));
    }

    private static ToldRun Told(
        RecordingServer server,
        string? dashboard = null,
        int? panel = null,
        string language = "en"
    ) => Told(server.Address, dashboard, panel, language);

    private static ToldRun Told(Uri address, string? dashboard = null, int? panel = null, string language = "en") =>
        new(context => new GrafanaChannel(
            new GrafanaOptions(new HttpAccess(address) { Token = Token }, dashboard, panel, ["night"], language),
            context
        ));

    private sealed class Annotations
    {
        public ConcurrentDictionary<long, JsonObject> All { get; } = new();

        private long last = 40;

        public Task<RecordingServer> StartAsync() => RecordingServer.StartAsync(AnswerAsync);

        private Task AnswerAsync(Asked asked, HttpResponse response)
        {
            var (status, body) = asked switch
            {
                { Method: "GET", Path: "/api/annotations" } => (200, Found(asked)),
                { Method: "POST", Path: "/api/annotations" } => (200, Made(asked.Json.AsObject())),
                { Method: "PATCH" } when All.TryGetValue(IdOf(asked), out var known) => (200, Changed(known, asked)),
                _ => (404, """{"message":"Not found"}"""),
            };
            response.StatusCode = status;
            return response.WriteAsync(body);
        }

        private string Found(Asked asked) =>
            new JsonArray([
                .. All.Where(a =>
                        asked.Query["tags"].All(t => a.Value["tags"]!.AsArray().Any(has => (string?)has == t))
                    )
                    .Select(a => (JsonNode)new JsonObject { ["id"] = a.Key }),
            ]).ToJsonString();

        private string Made(JsonObject annotation)
        {
            All[++last] = annotation;
            return $$"""{"message":"Annotation added","id":{{last}}}""";
        }

        private static string Changed(JsonObject known, Asked asked)
        {
            foreach (var (key, value) in asked.Json.AsObject())
            {
                known[key] = value?.DeepClone();
            }

            return """{"message":"Annotation patched"}""";
        }

        private static long IdOf(Asked asked) => long.Parse(asked.Path.Split('/')[^1], CultureInfo.InvariantCulture);
    }
}
