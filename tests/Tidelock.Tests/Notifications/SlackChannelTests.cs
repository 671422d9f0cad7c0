using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Tidelock.Notifications;
using Tidelock.Notifications.Trials;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

public sealed class SlackChannelTests
{
    private static readonly RunEvent[] Begun = [SampleEvents.Started, new StepStarted("migrate", 1)];
    private static readonly RunHeld Held = new(
        Message.Of("runs.asked-by", ("by", "<!channel> & <@U1>")),
        SampleEvents.Zero.AddMinutes(5)
    );

    [Fact]
    public async Task A_run_is_one_message_whose_parts_are_what_Slack_documents()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);

        var told = await bench.Channel.TellAsync(view, news, default);

        Assert.Null(told.Problem);
        Assert.Equal(
            (SlackServer.ChannelId, "1405894322.000000"),
            (told.Identifiers["channel"], told.Identifiers["ts"])
        );
        var body = Assert.Single(bench.Slack.Messages).Body;
        Assert.Equal("#db-ops", (string?)body["channel"]);
        Assert.Equal("scores → production: ▶ running: migrate", (string?)body["text"]);
        Assert.False((bool)body["unfurl_links"]!);
        var blocks = body["blocks"]!.AsArray();
        Assert.Equal(
            ["header", "section", "section", "section", "context", "actions"],
            blocks.Select(b => (string?)b!["type"])
        );
        Assert.Equal("""{"type":"plain_text","text":"scores \u2192 production"}""", blocks[0]!["text"]!.ToJsonString());
        Assert.Equal("mrkdwn", (string?)blocks[1]!["text"]!["type"]);
        Assert.Equal("*▶ running: migrate*\nLock &lt;scores&gt; &amp; more", (string?)blocks[1]!["text"]!["text"]);
        Assert.Equal("▶ migrate", (string?)blocks[2]!["text"]!["text"]);
        Assert.Equal("```tidelock watch RUN```", (string?)blocks[3]!["text"]!["text"]);
        Assert.Equal("seedtest at db.example:5432 · by kim · RUN", (string?)blocks[4]!["elements"]![0]!["text"]);
        Assert.Equal(
            """[{"type":"button","text":{"type":"plain_text","text":"pull request"},"url":"https://git.example/pull/73"}]""",
            blocks[5]!["elements"]!.ToJsonString()
        );
    }

    [Fact]
    public async Task What_happens_edits_the_message_and_stands_in_its_thread()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        var channel = bench.Channel;
        var ids = (await channel.TellAsync(view, news, default)).Identifiers;

        var (then, more) = SlackBench.Of(ids, [.. Begun, Held]);
        var told = await channel.TellAsync(then, [more[^1]], default);

        Assert.Equal(ids, told.Identifiers);
        var message = Assert.Single(bench.Slack.Messages);
        Assert.Equal(1, message.Edits);
        Assert.Contains("tidelock abort RUN", message.Read, StringComparison.Ordinal);
        Assert.Contains("on-call: PagerDuty", message.Read, StringComparison.Ordinal);
        var reply = bench.Slack.Posts[^1];
        Assert.Equal((message.Stamp, SlackServer.ChannelId), (reply.Thread, (string?)reply.Body["channel"]));
        Assert.True((bool)reply.Body["reply_broadcast"]!);
        Assert.Equal("17:00:02Z  ● Held: Asked for by &lt;!channel&gt; &amp; &lt;@U1&gt;.", reply.Text);
    }

    [Fact]
    public async Task What_machines_read_edits_nothing_and_a_tick_only_now_and_then()
    {
        await using var bench = await SlackBench.StartAsync();
        var channel = bench.Channel;
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        var ids = (await channel.TellAsync(view, news, default)).Identifiers;
        var calls = bench.Slack.Calls.Count;

        var (then, more) = SlackBench.Of(ids, [.. Begun, new WatchTicked(false, [], [])]);
        Assert.True((await channel.TellAsync(then, [more[^1]], default)).IsNothing);
        Assert.Equal(calls, bench.Slack.Calls.Count);

        var later = then with { Now = view.Now.AddSeconds(30) };
        Assert.True((await channel.TellAsync(later, [more[^1]], default)).IsNothing);
        Assert.Equal("chat.update", bench.Slack.Calls.Last().Method);
        Assert.Equal(calls + 1, bench.Slack.Calls.Count);
    }

    [Fact]
    public async Task A_message_that_somebody_deleted_gets_another_in_its_place()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        var ids = (await bench.Channel.TellAsync(view, news, default)).Identifiers;
        bench.Slack.Delete(ids["ts"]);
        var again = await bench.Channel.TellAsync(view with { Identifiers = ids }, news, default);
        Assert.Null(again.Problem);
        Assert.NotEqual(ids["ts"], again.Identifiers["ts"]);
        Assert.Equal(again.Identifiers["ts"], Assert.Single(bench.Slack.Messages).Stamp);
    }

    [Fact]
    public async Task One_that_was_deleted_while_only_the_watch_goes_on_is_posted_anew_once()
    {
        await using var bench = await SlackBench.StartAsync();
        var channel = bench.Channel;
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        var ids = (await channel.TellAsync(view, news, default)).Identifiers;
        bench.Slack.Delete(ids["ts"]);
        var (then, more) = SlackBench.Of(ids, [.. Begun, new WatchTicked(false, [], [])]);

        var refreshed = await channel.TellAsync(then with { Now = view.Now.AddSeconds(30) }, [more[^1]], default);
        Assert.False(refreshed.IsNothing);
        var again = then with { Identifiers = refreshed.Identifiers, Now = view.Now.AddSeconds(60) };
        Assert.True((await channel.TellAsync(again, [more[^1]], default)).IsNothing);
        Assert.Equal(1, Assert.Single(bench.Slack.Messages).Edits);
    }

    [Fact]
    public async Task A_post_whose_answer_is_lost_is_found_and_not_posted_again()
    {
        await using var bench = await SlackBench.StartAsync();
        var channel = bench.Channel;
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        bench.Slack.Loses = "running";
        Assert.NotNull((await channel.TellAsync(view, news, default)).Problem);
        bench.Slack.Loses = "started by";
        var again = await channel.TellAsync(view, news, default);
        Assert.NotNull(again.Problem);

        var told = await channel.TellAsync(view with { Identifiers = again.Identifiers }, news, default);

        Assert.Null(told.Problem);
        Assert.Equal(told.Identifiers["ts"], Assert.Single(bench.Slack.Messages).Stamp);
        Assert.Single(bench.Slack.Posts, p => p.Thread is not null);
    }

    [Fact]
    public async Task What_a_killed_program_told_and_did_not_write_down_is_found_and_only_the_rest_is_told()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        for (var i = 0; i < 7; i++)
        {
            await bench.Channel.TellAsync(view with { Run = new RunId($"OTHER{i}") }, news, default);
        }

        var first = await bench.Channel.TellAsync(view, news, default);
        var stamp = first.Identifiers["ts"];
        List<RunEvent> events = [.. Begun];
        foreach (var step in new[] { "a", "b", "c", "d", "e", "f" })
        {
            events.Add(Passed(step));
            var (later, more) = SlackBench.Of(first.Identifiers, [.. events]);
            await bench.Channel.TellAsync(later, [more[^1]], default);
        }

        var (then, all) = SlackBench.Of(SlackBench.NoIds, [.. events, new EpochTaken(2, "bastion-2", 1), Held]);
        var told = await bench.Channel.TellAsync(then, all, default);

        Assert.Equal((null, stamp), (told.Problem, told.Identifiers["ts"]));
        Assert.Equal(8, bench.Slack.Messages.Count);
        var lines = bench.Slack.Posts.Where(p => p.Thread == stamp).SelectMany(p => p.Text.Split('\n')).ToList();
        Assert.Equal(lines.Count, lines.Distinct(StringComparer.Ordinal).Count());
        Assert.Single(lines, l => l.Contains("✓ f", StringComparison.Ordinal));
        Assert.Single(lines, l => l.Contains("Held", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_the_bot_may_not_read_another_message_is_posted_and_a_trouble_that_passes_is_waited_for()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(SlackBench.NoIds, [.. Begun, new EpochTaken(2, "bastion-2", 1)]);
        bench.Slack.Always = SlackServer.Saying(503, "maintenance");
        Assert.NotNull((await bench.Channel.TellAsync(view, news, default)).Problem);
        Assert.DoesNotContain(bench.Slack.Calls, c => c.Method == "chat.postMessage");
        var alarm = new Notice(Moment.NeedsPerson, null, null, view.State, view.Now)
        {
            Text = Message.Of("runs.completed"),
        };
        await bench.Channel.TellAsync(view, [alarm], default);
        Assert.Equal("chat.postMessage", bench.Slack.Calls.Last().Method);
        Assert.Single(bench.Slack.Calls, c => c.Method == "conversations.list");

        bench.Slack.Always = null;
        bench.Slack.Scopes = "chat:write,channels:read";
        Assert.Null((await bench.Channel.TellAsync(view, news, default)).Problem);
        Assert.Null((await bench.Channel.TellAsync(view, news, default)).Problem);
        Assert.Equal(2, bench.Slack.Messages.Count);
    }

    [Fact]
    public async Task A_post_whose_thread_fails_is_known_and_not_posted_again()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        bench.Slack.Fail(context => context.Response.WriteAsync("""{"ok":true,"channel":"C024BE91L","ts":"1.2"}"""));
        bench.Slack.Fail(SlackServer.Saying(500, "oops"));

        var told = await bench.Channel.TellAsync(view, news, default);

        Assert.Equal("notifications.api.status", told.Problem!.Code);
        Assert.Equal("1.2", told.Identifiers["ts"]);
    }

    [Fact]
    public async Task The_end_tells_the_head_of_the_journal_for_whoever_asks_later_whether_it_is_whole()
    {
        await using var bench = await SlackBench.StartAsync();
        var (view, news) = SlackBench.Of(
            SlackBench.NoIds,
            SampleEvents.Started,
            new RunEnded(RunResult.Completed, Message.Of("runs.completed"))
        );
        await bench.Channel.TellAsync(view, news, default);
        var anchor = $"tidelock:RUN:2:{view.Head!.Hash}";
        Assert.Contains(anchor, Assert.Single(bench.Slack.Messages).Read, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_longer_than_Slack_takes_are_cut()
    {
        await using var bench = await SlackBench.StartAsync();
        var steps = Enumerable
            .Range(1, 60)
            .Select(i =>
                (RunEvent)
                    new StepEnded($"s{i}", StepResult.Failed, Message.Of("runs.asked-by", ("by", new string('x', 200))))
            );
        var (view, news) = SlackBench.Of(SlackBench.NoIds, [SampleEvents.Started, .. steps]);
        view = view with { Subject = view.Subject with { Change = new string('c', 148) + "🌊🌊" } };

        Assert.Null((await bench.Channel.TellAsync(view, news, default)).Problem);

        var blocks = bench.Slack.Messages[0].Body["blocks"]!.AsArray();
        Assert.Equal(new string('c', 148) + "…", (string)blocks[0]!["text"]!["text"]!);
        Assert.Equal(3000, ((string)blocks[2]!["text"]!["text"]!).Length);
        Assert.Equal(3000, bench.Slack.Posts[1].Text.Length);
    }

    [Fact]
    public async Task Korean_is_told_where_the_channel_says_so()
    {
        await using var bench = await SlackBench.StartAsync(
            """channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", language: ko"""
        );
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);
        await bench.Channel.TellAsync(view, news, default);
        Assert.Contains("진행 중: migrate", bench.Slack.Messages[0].Text, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, bool, int> Faults =>
        new()
        {
            { "429", "notifications.api.status", false, 7 },
            { "500", "notifications.api.status", false, 0 },
            { "html", "notifications.api.undocumented", false, 0 },
            { "empty", "notifications.api.undocumented", false, 0 },
            { "nothing", "probes.failed", false, 0 },
            { "ratelimited", "notifications.slack.error", false, 0 },
            { "invalid_auth", "notifications.slack.error", true, 0 },
            { "token_revoked", "notifications.slack.error", true, 0 },
            { "channel_not_found", "notifications.slack.error", true, 0 },
            { "not_in_channel", "notifications.slack.error", true, 0 },
            { "is_archived", "notifications.slack.error", true, 0 },
            { "invalid_blocks", "notifications.slack.error", true, 0 },
        };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task What_Slack_answers_instead_is_told_with_whether_a_person_is_needed(
        string fault,
        string code,
        bool needsPerson,
        int retryAfter
    )
    {
        await using var bench = await SlackBench.StartAsync();
        bench.Slack.Always = Fault(fault);
        var (view, news) = SlackBench.Of(SlackBench.NoIds, Begun);

        var told = await bench.Channel.TellAsync(view, news, default);

        Assert.Equal(code, told.Problem!.Code);
        Assert.Equal(
            (needsPerson, retryAfter),
            (told.NeedsPerson, (int)(told.RetryAfter ?? TimeSpan.Zero).TotalSeconds)
        );
        Assert.DoesNotContain("canary", TextCatalog.English.Render(told.Problem), StringComparison.Ordinal);
        var answer = await bench.Channel.AskAsync(default);
        Assert.Equal((false, code), (answer.Passed, answer.Finding.Code));
    }

    [Fact]
    public async Task A_bot_that_may_write_in_the_channel_is_told_by_name_and_one_that_may_not_with_the_mend()
    {
        await using var bench = await SlackBench.StartAsync();
        bench.Slack.Pages =
        [
            [SlackServer.Channel("C1", "general")],
            [SlackServer.Channel(SlackServer.ChannelId, "db-ops")],
        ];
        var answer = await bench.Channel.AskAsync(default);
        Assert.Equal(
            (true, "tidelock may write in #db-ops of Seedtest"),
            (answer.Passed, TextCatalog.English.Render(answer.Finding))
        );
        Assert.Equal("1", (string?)bench.Slack.Calls.Last().Body["cursor"]);

        bench.Slack.Pages =
        [
            [SlackServer.Channel(SlackServer.ChannelId, "db-ops", isMember: false)],
        ];
        await RefusesAsync(bench, "notifications.slack.not-in");
        bench.Slack.Pages =
        [
            [SlackServer.Channel(SlackServer.ChannelId, "db-ops", isArchived: true)],
        ];
        await RefusesAsync(bench, "notifications.slack.archived");
        bench.Slack.Pages =
        [
            [],
        ];
        await RefusesAsync(bench, "notifications.slack.no-channel");
        bench.Slack.Scopes = "channels:read,chat:write.customize";
        await RefusesAsync(bench, "notifications.slack.no-scope");
    }

    [Fact]
    public async Task A_channel_named_by_its_id_is_asked_for_by_it()
    {
        await using var bench = await SlackBench.StartAsync("""channel: C024BE91L, token: "${SLACK_BOT_TOKEN}" """);
        Assert.True((await bench.Channel.AskAsync(default)).Passed);
        Assert.Equal("conversations.info", bench.Slack.Calls.Last().Method);
        bench.Slack.Pages =
        [
            [],
        ];
        await RefusesAsync(bench, "notifications.slack.no-channel");
    }

    [Fact]
    public async Task A_preview_is_what_would_be_sent_and_sends_nothing()
    {
        await using var bench = await SlackBench.StartAsync();
        var trial = new NoticeTrial(bench.Channels, TimeProvider.System);
        var channel = Assert.Single(
            trial.Preview(bench.Change, SlackBench.Subject, "definition", TimeSpan.FromMinutes(30))
        );
        Assert.Empty(bench.Slack.Calls);
        Assert.Equal(("slack", "en"), (channel.Channel, channel.Language));
        Assert.Equal(
            [
                Moment.Announced,
                Moment.Started,
                Moment.StepStarted,
                Moment.StepStarted,
                Moment.Held,
                Moment.Continued,
                Moment.RollbackStarted,
                Moment.Ended,
                Moment.Ended,
                Moment.NeedsPerson,
                Moment.Suspended,
                Moment.Decided,
                Moment.NeedsPerson,
            ],
            channel
                .Notices.Where(n => !n.Notice.Where.EndsWith("(thread)", StringComparison.Ordinal))
                .Select(n => n.Moment)
        );
        Assert.All(channel.Notices, n => Assert.NotNull(JsonNode.Parse(n.Notice.Body)!["text"]));
        Assert.DoesNotContain(
            "canary",
            string.Concat(channel.Notices.Select(n => n.Notice.Body)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_trial_asks_and_posts_and_is_no_run()
    {
        await using var bench = await SlackBench.StartAsync();
        var tried = Assert.Single(
            await new NoticeTrial(bench.Channels, TimeProvider.System).TryAsync(
                bench.Change,
                SlackBench.Subject,
                default
            )
        );
        Assert.True(tried.Answer.Passed);
        Assert.Null(tried.Delivery.Problem);
        Assert.EndsWith(
            "a trial, nothing is deployed",
            Assert.Single(bench.Slack.Posts).Text,
            StringComparison.Ordinal
        );
    }

    private static StepEnded Passed(string step) => new(step, StepResult.Passed, Message.Of("runs.completed"));

    private static async Task RefusesAsync(SlackBench bench, string code)
    {
        var answer = await bench.Channel.AskAsync(default);
        Assert.Equal((false, code), (answer.Passed, answer.Finding.Code));
    }

    private static Func<HttpContext, Task> Fault(string fault) =>
        fault switch
        {
            "429" => SlackServer.Saying(429, """{"ok":false,"error":"ratelimited"}""", "7"),
            "500" => SlackServer.Saying(500, "oops"),
            "html" => SlackServer.Saying(200, "<!DOCTYPE html><html>sign in</html>"),
            "empty" => SlackServer.Saying(200, ""),
            "nothing" => SlackServer.Silent,
            _ => SlackServer.Refusing(fault),
        };
}
