using Microsoft.AspNetCore.Http;
using Tidelock.Notifications;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

public sealed class SlackWebhookTests
{
    private const string Hook = """webhook: "${SLACK_WEBHOOK}" """;

    [Fact]
    public async Task Each_thing_that_happens_is_a_post_and_nothing_is_edited()
    {
        await using var bench = await SlackBench.StartAsync(Hook);
        var channel = bench.Channel;
        var (view, news) = SlackBench.Of(SlackBench.NoIds, SampleEvents.Started, new StepStarted("migrate", 1));
        var first = await channel.TellAsync(view, news, default);
        Assert.Equal("1", first.Identifiers["posts"]);

        var (then, more) = SlackBench.Of(
            first.Identifiers,
            SampleEvents.Started,
            new StepEnded("migrate", StepResult.Passed, Message.Of("runs.completed"))
        );
        var second = await channel.TellAsync(then, [more[^1]], default);

        Assert.Equal("2", second.Identifiers["posts"]);
        Assert.Equal(["scores → production: ▶ running: migrate", "*scores → production*"], Firsts(bench.Slack));
        Assert.Contains("✓ migrate", bench.Slack.Posts[1].Text, StringComparison.Ordinal);
        Assert.NotNull(bench.Slack.Posts[0].Body["blocks"]);
        Assert.All(bench.Slack.Posts, p => Assert.Null(p.Body["channel"]));
    }

    [Fact]
    public async Task A_start_that_is_called_off_is_posted_with_the_reason()
    {
        await using var bench = await SlackBench.StartAsync(Hook);
        var why = Message.Of("deployments.appointment.left", ("at", "02:00"));
        var view = new NoticeView(
            SlackBench.Subject,
            null,
            RunState.Empty,
            null,
            SlackBench.NoIds,
            SampleEvents.Zero.AddHours(-1)
        )
        {
            StartsAt = SampleEvents.Zero,
            CalledOff = why,
        };
        var notice = new Notice(Moment.CalledOff, null, null, RunState.Empty, view.Now) { Text = why };
        Assert.False((await bench.Channel.TellAsync(view, [notice], default)).IsNothing);
        var text = Assert.Single(bench.Slack.Posts).Text;
        Assert.Contains("✗ does not start at 2026-11-22", text, StringComparison.Ordinal);
        Assert.Contains("the waiting for the start at 02:00 was ended", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Measurements_are_not_posted()
    {
        await using var bench = await SlackBench.StartAsync(Hook);
        var (view, news) = SlackBench.Of(SlackBench.NoIds, SampleEvents.Started, new WatchTicked(false, [], []));
        Assert.True((await bench.Channel.TellAsync(view, [news[^1]], default)).IsNothing);
        Assert.Empty(bench.Slack.Calls);
    }

    [Theory]
    [InlineData(404, "no_service", true)]
    [InlineData(403, "invalid_token", true)]
    [InlineData(410, "channel_is_archived", true)]
    [InlineData(429, "rate_limited", false)]
    [InlineData(503, "<html>", false)]
    [InlineData(200, "<html>sign in</html>", false)]
    public async Task A_refusal_is_told_without_the_secret_address(int status, string body, bool needsPerson)
    {
        await using var bench = await SlackBench.StartAsync(Hook);
        bench.Slack.Always = SlackServer.Saying(status, body, "3");
        var (view, news) = SlackBench.Of(SlackBench.NoIds, SampleEvents.Started);
        var told = await bench.Channel.TellAsync(view, news, default);
        Assert.Equal((needsPerson, TimeSpan.FromSeconds(3)), (told.NeedsPerson, told.RetryAfter));
        var text = TextCatalog.English.Render(told.Problem!);
        Assert.Contains(body, text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_secret_path_is_hidden_in_what_a_server_repeats_of_it()
    {
        await using var bench = await SlackBench.StartAsync(Hook);
        bench.Slack.Always = context =>
        {
            context.Response.StatusCode = 404;
            return context.Response.WriteAsync($"Cannot POST {context.Request.Path}");
        };
        var (view, news) = SlackBench.Of(SlackBench.NoIds, SampleEvents.Started);
        var told = await bench.Channel.TellAsync(view, news, default);
        var text = TextCatalog.English.Render(told.Problem!);
        Assert.Contains("Cannot POST ***", text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_cannot_be_asked_and_says_how_it_is_tried()
    {
        await using var bench = await SlackBench.StartAsync(Hook);
        Assert.Equal("notifications.slack.webhook-mute", (await bench.Channel.AskAsync(default)).Finding.Code);
        Assert.Empty(bench.Slack.Calls);
    }

    private static IEnumerable<string> Firsts(SlackServer slack) => slack.Posts.Select(p => p.Text.Split('\n')[0]);
}
