using Microsoft.AspNetCore.Http;
using Tidelock.Notifications;
using Tidelock.Notifications.PagerDuty;
using Tidelock.Notifications.Words;
using Tidelock.Runs;
using Tidelock.Tests.Probes;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

/// <summary>PagerDuty's Events API v2, as its documentation describes it.</summary>
public sealed class PagerDutyChannelTests
{
    private const string Key = "canary0routing0key0000000000005e";
    private const string Accepted = """{"status":"success","message":"Event processed","dedup_key":"x"}""";

    [Fact]
    public async Task The_start_and_the_end_of_a_run_are_changes_that_call_nobody()
    {
        await using var server = await PagerDutyAsync();
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started);
        Assert.True((await run.TellAsync(new StepStarted("migrate", 1))).IsNothing);
        await run.TellAsync(new MigrationApplied("7", Message.Of("runs.completed")));
        await run.TellAsync(ToldRun.Ended(RunResult.Completed));

        Assert.DoesNotContain(server.Asked, a => (string?)a.Json["event_action"] == "trigger");
        var changes = server.Asked.Where(a => a.Path == "/v2/change/enqueue").ToList();
        Assert.Equal(["POST", "POST"], changes.Select(a => a.Method));
        var start = changes[0].Json;
        Assert.Equal(Key, (string?)start["routing_key"]);
        Assert.StartsWith(
            "attempt-view-v1 → production: started by kim",
            (string?)start["payload"]!["summary"],
            StringComparison.Ordinal
        );
        Assert.Equal("seedtest at db.example:5432", (string?)start["payload"]!["source"]);
        Assert.Equal("2026-11-22T17:00:01.000Z", (string?)start["payload"]!["timestamp"]);
        Assert.Equal(run.Run.Value, (string?)start["payload"]!["custom_details"]!["run"]);
        Assert.Equal("""[{"href":"https://git.example/73","text":"pull request"}]""", start["links"]!.ToJsonString());
        var end = changes[1].Json;
        Assert.Contains("completed", (string?)end["payload"]!["summary"], StringComparison.OrdinalIgnoreCase);
        Assert.Equal(
            $"tidelock:{run.Run}:{run.Head.Sequence}:{run.Head.Hash}",
            (string?)end["payload"]!["custom_details"]!["anchor"]
        );
    }

    [Fact]
    public async Task Somebody_is_called_when_a_run_holds_too_long_and_no_more_when_it_goes_on()
    {
        await using var server = await PagerDutyAsync();
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started, ToldRun.Held());
        run.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.True((await run.TellAsync()).IsNothing);
        run.Time.Advance(TimeSpan.FromMinutes(1));
        await run.TellAsync();
        run.Restart();
        Assert.True((await run.TellAsync()).IsNothing);
        await run.TellAsync(new RunContinued(Message.Of("runs.completed")));

        var (trigger, resolve) = (server.Asked[1], server.Asked[2]);
        Assert.Equal(3, server.Asked.Count);
        Assert.Equal("/v2/enqueue", trigger.Path);
        Assert.Equal(Key, (string?)trigger.Json["routing_key"]);
        Assert.Equal("trigger", (string?)trigger.Json["event_action"]);
        Assert.Equal($"tidelock/{run.Run}", (string?)trigger.Json["dedup_key"]);
        Assert.Equal("error", (string?)trigger.Json["payload"]!["severity"]);
        Assert.Equal("hold", (string?)trigger.Json["payload"]!["class"]);
        Assert.Equal("attempt-view-v1", (string?)trigger.Json["payload"]!["component"]);
        Assert.Equal("production", (string?)trigger.Json["payload"]!["group"]);
        Assert.Contains(
            $"tidelock continue {run.Run}",
            (string?)trigger.Json["payload"]!["custom_details"]!["commands"],
            StringComparison.Ordinal
        );
        Assert.Equal(
            $$"""{"routing_key":"{{Key}}","event_action":"resolve","dedup_key":"tidelock/{{run.Run}}"}""",
            resolve.Json.ToJsonString()
        );
    }

    [Fact]
    public async Task Who_is_asked_with_a_time_limit_is_called_when_half_of_it_is_over()
    {
        await using var server = await PagerDutyAsync();
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started);
        await run.TellAsync(ToldRun.Held(run.Time.GetUtcNow() + TimeSpan.FromMinutes(4)));
        Assert.Single(server.Asked);
        run.Time.Advance(TimeSpan.FromMinutes(2));
        await run.TellAsync();
        Assert.Equal("hold", (string?)server.Asked[^1].Json["payload"]!["class"]);
    }

    [Theory]
    [InlineData(RunResult.NeedsPerson, "needs-person", "critical")]
    [InlineData(null, "unwatched", "error")]
    public async Task Somebody_is_called_when_a_run_needs_a_person_or_nobody_watches_it(
        RunResult? result,
        string kind,
        string severity
    )
    {
        await using var server = await PagerDutyAsync();
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started, new MigrationApplied("7", Message.Of("runs.completed")));
        await run.TellAsync(result is { } r ? ToldRun.Ended(r) : new RunSuspended(Message.Of("runs.completed")));
        var trigger = Assert.Single(server.Asked, a => a.Path == "/v2/enqueue");
        Assert.Equal(kind, (string?)trigger.Json["payload"]!["class"]);
        Assert.Equal(severity, (string?)trigger.Json["payload"]!["severity"]);
        run.Restart();
        await run.TellAsync(new EpochTaken(2, "bastion-2", 1), ToldRun.Back, ToldRun.Ended(RunResult.RolledBack));
        var last = server.Asked.Last(a => a.Path == "/v2/enqueue");
        Assert.Equal("resolve", (string?)last.Json["event_action"]);
    }

    [Fact]
    public async Task A_program_that_goes_without_an_event_calls_somebody_and_whoever_goes_on_resolves_it()
    {
        await using var server = await PagerDutyAsync();
        using var run = Told(server);
        var begun = run.Happen(ToldRun.Started, new MigrationApplied("7", Message.Of("runs.completed")));
        var alarm = new Notice(Moment.NeedsPerson, null, null, begun[^1].State, run.Time.GetUtcNow());
        await run.TellAsync([alarm]);
        var trigger = Assert.Single(server.Asked);
        Assert.Equal("needs-person", (string?)trigger.Json["payload"]!["class"]);
        using var next = Told(server);
        await next.TellAsync(ToldRun.Started, new EpochTaken(2, "bastion-2", 1));
        Assert.Equal("resolve", (string?)server.Asked[1].Json["event_action"]);
        Assert.Equal(trigger.Json["dedup_key"]!.ToString(), server.Asked[1].Json["dedup_key"]!.ToString());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    public void A_text_is_not_cut_within_a_letter(int longest)
    {
        var text = NoticeCut.Of("12345678\U0001F40E and more", longest);
        Assert.True(text.Length <= longest);
        Assert.DoesNotContain(text, c => char.IsSurrogate(c) && !text.Contains("\U0001F40E", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_a_failure_only_what_is_missing_is_sent()
    {
        var refuse = true;
        await using var server = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = asked.Path == "/v2/enqueue" && refuse ? 429 : 202;
                response.Headers.RetryAfter = "120";
                return response.WriteAsync(Accepted);
            }
        );
        using var run = Told(server);
        await run.TellAsync(ToldRun.Started);
        var news = run.Happen(ToldRun.Ended(RunResult.NeedsPerson));
        var failed = await run.TellAsync(news);
        Assert.Equal((TimeSpan.FromMinutes(2), false), (failed.RetryAfter, failed.NeedsPerson));
        refuse = false;
        run.Restart();
        Assert.Null((await run.TellAsync(news)).Problem);
        Assert.Equal(
            ["/v2/change/enqueue", "/v2/enqueue", "/v2/change/enqueue", "/v2/enqueue"],
            server.Asked.Select(a => a.Path)
        );
    }

    [Fact]
    public async Task Who_must_be_called_is_called_although_changes_are_refused_for_good()
    {
        await using var server = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = asked.Path == "/v2/change/enqueue" ? 400 : 202;
                return response.WriteAsync(Accepted);
            }
        );
        using var run = Told(server);
        var news = run.Happen(ToldRun.Started, ToldRun.Held());
        Assert.True((await run.TellAsync(news)).NeedsPerson);
        run.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null((await run.TellAsync(news)).Problem);
        Assert.Equal(["/v2/change/enqueue", "/v2/enqueue"], server.Asked.Select(a => a.Path));
        Assert.Equal("trigger", (string?)server.Asked[1].Json["event_action"]);
        await run.TellAsync(ToldRun.Ended(RunResult.NeedsPerson));
        Assert.Equal("/v2/change/enqueue", server.Asked[^1].Path);
    }

    [Theory]
    [InlineData(400, true)]
    [InlineData(500, false)]
    [InlineData(503, false)]
    public async Task A_refusal_is_for_people_and_a_fault_passes(int status, bool needsPerson)
    {
        await using var server = await RecordingServer.StartAsync(
            (_, response) =>
            {
                response.StatusCode = status;
                return response.WriteAsync("""{"status":"invalid event","errors":["'routing_key' is invalid"]}""");
            }
        );
        using var run = Told(server);
        var failed = await run.TellAsync(ToldRun.Started);
        Assert.Equal(needsPerson, failed.NeedsPerson);
        Assert.Contains("routing_key", failed.Problem!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trial_is_a_change_and_a_preview_shows_no_key()
    {
        await using var server = await PagerDutyAsync();
        using var run = Told(server, "ko");
        await run.TryAsync();
        Assert.Equal("/v2/change/enqueue", Assert.Single(server.Asked).Path);
        Assert.False((await run.AskAsync()).Passed);
        var shown = Assert.Single(run.Preview(ToldRun.Started));
        Assert.EndsWith("/v2/change/enqueue", shown.Where, StringComparison.Ordinal);
        Assert.Contains("시작", shown.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, shown.Body, StringComparison.Ordinal);
        Assert.Single(server.Asked);
    }

    private static Task<RecordingServer> PagerDutyAsync() =>
        RecordingServer.StartAsync(
            (_, response) =>
            {
                response.StatusCode = 202;
                return response.WriteAsync(Accepted);
            }
        );

    private static ToldRun Told(RecordingServer server, string language = "en") =>
        new(context => new PagerDutyChannel(
            new PagerDutyOptions(server.Address, TimeSpan.FromMinutes(10), language) { RoutingKey = Key },
            context
        ));
}
