using System.Text;
using Tidelock.Notifications.Webhook;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Tests.Gates;
using Tidelock.Tests.Probes;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

public sealed class WebhookChannelTests
{
    /// <summary>Test data of the specification's own libraries.</summary>
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void The_signature_is_that_of_Standard_Webhooks() =>
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            WebhookSignature.Of(
                Secret,
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                DateTimeOffset.FromUnixTimeSeconds(1614265330),
                """{"test": 2432232314}"""u8
            )
        );

    [Fact]
    public async Task Every_event_is_sent_in_order_with_the_bytes_and_the_hash_that_the_journal_stores()
    {
        await using var server = await RecordingServer.StartAsync(_ => "");
        using var run = Told(server);
        var news = run.Happen(ToldRun.Started, new StepStarted("migrate", 1), new WatchTicked(false, [], []));
        await run.TellAsync(news);
        await run.TellAsync(ToldRun.Ended(RunResult.Completed));

        Assert.Equal(["1", "2", "4"], server.Asked.Select(a => a.Headers["tidelock-sequence"].ToString()));
        foreach (var asked in server.Asked)
        {
            Assert.Equal(("POST", "/hook"), (asked.Method, asked.Path));
            Assert.Equal(run.Run.Value, asked.Headers["tidelock-stream"]);
            var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(asked.Headers["webhook-timestamp"]!, null));
            var id = asked.Headers["webhook-id"].ToString();
            Assert.Equal(WebhookSignature.Of(Secret, id, at, asked.Bytes), asked.Headers["webhook-signature"]);
            Assert.True(EntryOf(asked).IsSound);
        }

        Assert.Equal(news[0].Entry!.Payload, server.Asked[0].Text);
        Assert.Equal(run.Head, EntryOf(server.Asked[^1]) with { Kind = run.Head.Kind });
    }

    [Fact]
    public async Task A_key_in_the_path_of_an_address_that_a_variable_gave_is_hidden_where_a_server_repeats_it()
    {
        await using var bench = await GateBench.CreateAsync(
            "slack: off",
            ("EVENTS_URL", "https://events.example/hooks/canary-27182818"),
            ("EVENTS_SECRET", Secret)
        );
        bench.Read("slack: off", "notify: { webhook: { address: '${EVENTS_URL}', secret: '${EVENTS_SECRET}' } }");
        var said = Message.Of("evidence.said", ("text", "Cannot POST /hooks/canary-27182818"));
        Assert.Equal("Cannot POST ***", said.Arguments["text"]);
    }

    [Fact]
    public async Task A_path_that_is_written_out_behind_a_variable_is_no_secret()
    {
        await using var bench = await GateBench.CreateAsync(
            "slack: off",
            ("EVENTS_HOST", "https://events.example"),
            ("EVENTS_SECRET", Secret)
        );
        bench.Read(
            "slack: off",
            "notify: { webhook: { address: '${EVENTS_HOST}/written-out', secret: '${EVENTS_SECRET}' } }"
        );
        var said = Message.Of("evidence.said", ("text", "Cannot POST /written-out"));
        Assert.Equal("Cannot POST /written-out", said.Arguments["text"]);
    }

    [Fact]
    public async Task Ticks_of_the_watch_are_sent_where_they_are_asked_for()
    {
        await using var server = await RecordingServer.StartAsync(_ => "");
        using var run = Told(server, ticks: true);
        Assert.False((await run.TellAsync(ToldRun.Started, new WatchTicked(false, [], []))).MayWait);
        Assert.Equal("WatchTicked", (string?)server.Asked[1].Json["kind"]);
        Assert.True((await run.TellAsync(new WatchTicked(false, [], []))).MayWait);
        Assert.False((await run.TellAsync(ToldRun.Ended(RunResult.Completed))).MayWait);
    }

    [Fact]
    public async Task What_was_not_taken_is_sent_again_after_a_restart_and_nothing_else()
    {
        var refused = 0;
        await using var server = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                var refuse = asked.Headers["tidelock-sequence"] == "2" && refused++ == 0;
                response.StatusCode = refuse ? 503 : 204;
                response.Headers.RetryAfter = "7";
                return Task.CompletedTask;
            }
        );
        using var run = Told(server);
        var news = run.Happen(ToldRun.Started, new StepStarted("migrate", 1), new StepStarted("verify", 1));
        var failed = await run.TellAsync(news);
        Assert.Equal((TimeSpan.FromSeconds(7), false), (failed.RetryAfter, failed.NeedsPerson));
        run.Restart();
        Assert.Null((await run.TellAsync(news)).Problem);
        Assert.Equal(["1", "2", "2", "3"], server.Asked.Select(a => a.Headers["tidelock-sequence"].ToString()));
        Assert.Equal(server.Asked[1].Headers["webhook-id"], server.Asked[2].Headers["webhook-id"]);
        run.Restart();
        Assert.True((await run.TellAsync(news)).IsNothing);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task One_event_that_is_refused_for_good_keeps_no_other_from_its_receiver(int status)
    {
        await using var server = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = asked.Headers["tidelock-sequence"] == "2" ? status : 204;
                return Task.CompletedTask;
            }
        );
        using var run = Told(server);
        var news = run.Happen(ToldRun.Started, new StepStarted("migrate", 1), ToldRun.Ended(RunResult.NeedsPerson));
        Assert.True((await run.TellAsync(news)).NeedsPerson);
        Assert.True((await run.TellAsync(news)).IsNothing);
        Assert.Equal(["1", "2", "3"], server.Asked.Select(a => a.Headers["tidelock-sequence"].ToString()));
    }

    [Fact]
    public async Task A_receiver_that_is_gone_needs_a_person()
    {
        await using var server = await StubServer.SayingAsync(410, "");
        using var run = Told(server.Address);
        Assert.True((await run.TellAsync(ToldRun.Started)).NeedsPerson);
    }

    [Fact]
    public async Task A_trial_is_signed_and_says_that_it_is_one()
    {
        await using var server = await RecordingServer.StartAsync(_ => "");
        using var run = Told(server);
        Assert.Null((await run.TryAsync()).Problem);
        var asked = Assert.Single(server.Asked);
        Assert.Equal("Trial", (string?)asked.Json["kind"]);
        Assert.StartsWith("v1,", asked.Headers["webhook-signature"].ToString(), StringComparison.Ordinal);
        Assert.False((await run.AskAsync()).Passed);
        Assert.Equal("RunStarted", (string?)JsonOf(Assert.Single(run.Preview(ToldRun.Started)).Body)["kind"]);
    }

    private static System.Text.Json.Nodes.JsonNode JsonOf(string text) => System.Text.Json.Nodes.JsonNode.Parse(text)!;

    private static JournalEntry EntryOf(Asked asked) =>
        new(
            asked.Headers["tidelock-stream"]!,
            long.Parse(asked.Headers["tidelock-sequence"]!, null),
            asked.Headers["webhook-id"]!,
            "",
            Encoding.UTF8.GetString(asked.Bytes),
            asked.Headers["tidelock-previous-hash"]!,
            asked.Headers["tidelock-hash"]!
        );

    private static ToldRun Told(RecordingServer server, bool ticks = false) => Told(server.Address, ticks);

    private static ToldRun Told(Uri address, bool ticks = false) =>
        new(context => new WebhookChannel(
            new WebhookOptions(new HttpAccess(new Uri(address, "hook")), ticks) { Secret = Secret },
            context
        ));
}
