using System.Text.Json;
using Tidelock.Programs;
using Tidelock.Tests.Notifications;

namespace Tidelock.Cli.Tests;

/// <summary>notify and announce from the outside; Slack is a server that speaks as its documentation says.</summary>
public sealed class NoticeVerbTests(NativeProgram program)
{
    [Fact]
    public async Task A_preview_shows_every_message_and_sends_none()
    {
        await using var slack = await SlackServer.StartAsync();
        using var place = At(slack);
        var shown = await place.RunAsync("notify", "change", "--json");
        Assert.Equal(0, shown.ExitCode);
        var moments = Lines(shown).Select(l => l.GetProperty("moment").GetString()).Distinct().ToList();
        Assert.Equal(
            [
                "Announced",
                "Started",
                "StepStarted",
                "Held",
                "Continued",
                "RollbackStarted",
                "Ended",
                "NeedsPerson",
                "Suspended",
                "Decided",
            ],
            moments
        );
        Assert.Empty(slack.Calls);
        Saved(shown);
    }

    [Fact]
    public async Task A_trial_reaches_the_channel_or_says_why_not()
    {
        await using var slack = await SlackServer.StartAsync();
        using var place = At(slack);
        var tried = await place.RunAsync("notify", "change", "--test");
        Assert.Equal(0, tried.ExitCode);
        Assert.Contains("tidelock may write in #db-ops of Seedtest", tried.Output, StringComparison.Ordinal);
        Assert.Contains("a trial", Assert.Single(slack.Messages).Text, StringComparison.Ordinal);

        slack.Always = SlackServer.Refusing("token_revoked");
        var refused = await place.RunAsync("notify", "change", "--test");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("token_revoked", refused.Output, StringComparison.Ordinal);
        Saved(tried);
        Saved(refused);
    }

    [Fact]
    public async Task An_announcement_is_posted_and_written_down()
    {
        await using var slack = await SlackServer.StartAsync();
        using var place = At(slack);
        var told = await place.RunAsync("announce", "change", "--at", "02:30", "--zone", "Asia/Seoul", "--by", "kim");
        Assert.Equal(0, told.ExitCode);
        Assert.Contains("02:30", told.Output, StringComparison.Ordinal);
        Assert.Contains("starts at", Assert.Single(slack.Messages).Text, StringComparison.Ordinal);
        Assert.Equal(4, (await place.RunAsync("announce", "change")).ExitCode);

        slack.Always = SlackServer.Refusing("invalid_auth");
        var failed = await place.RunAsync("announce", "change", "--at", "02:30");
        Assert.Equal(2, failed.ExitCode);
        Assert.Contains("tidelock approve --gate announcement", failed.Errors, StringComparison.Ordinal);
        Saved(told);
        Saved(failed);
    }

    [Fact]
    public async Task A_change_without_a_channel_is_told_how_to_get_one()
    {
        using var place = new Workplace(program);
        place.Variables["DATABASE_URL"] = "postgresql://me@127.0.0.1:1/gone";
        place.WriteChange();
        Assert.Equal(3, (await place.RunAsync("notify", "change")).ExitCode);
        Assert.Equal(3, (await place.RunAsync("announce", "change", "--at", "02:30")).ExitCode);
        Assert.Equal(4, (await place.RunAsync("notify", "change", "--preview", "--test")).ExitCode);
    }

    private Workplace At(SlackServer slack)
    {
        var place = new Workplace(program);
        place.Variables["DATABASE_URL"] = "postgresql://me@127.0.0.1:1/gone";
        place.Variables["SLACK_BOT_TOKEN"] = SlackServer.Token;
        place.WriteChange(
            extra: $$$"""notify: { slack: { channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", api: "{{{slack.Api}}}" } }"""
        );
        return place;
    }

    private static IEnumerable<JsonElement> Lines(ProgramResult result) =>
        result
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonSerializer.Deserialize<JsonElement>(l));

    /// <summary>No token is in what people see.</summary>
    private static void Saved(ProgramResult result) =>
        Assert.DoesNotContain("canary", result.Output + result.Errors, StringComparison.Ordinal);
}
