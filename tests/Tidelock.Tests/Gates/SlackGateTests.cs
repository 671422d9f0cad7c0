using Tidelock.Gates;
using Tidelock.Tests.Notifications;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

public sealed class SlackGateTests
{
    private const string Gates = "slack: required";

    [Fact]
    public async Task A_channel_that_answers_needs_no_word()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var bench = await BenchAsync(slack);
        var standing = await bench.StandingAsync(Gate);
        Assert.Equal((true, null), (standing.Passed, standing.By));
        Assert.Equal("tidelock may write in #db-ops of Seedtest", TextCatalog.English.Render(standing.Finding));
    }

    [Fact]
    public async Task One_that_does_not_answer_refuses_with_the_reason_unless_a_person_says_so()
    {
        await using var slack = await SlackServer.StartAsync();
        slack.Always = SlackServer.Refusing("token_revoked");
        await using var bench = await BenchAsync(slack);
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Refuses);
        Assert.Equal("gates.slack.no-answer", standing.Finding.Code);
        Assert.Equal("token_revoked", standing.Finding.Parts!["reason"].Arguments["error"]);
        await bench.SayAsync("slack", "kim");
        Assert.Equal((true, "kim"), ((await bench.StandingAsync(Gate)).Passed, (await bench.StandingAsync(Gate)).By));
    }

    [Fact]
    public async Task Another_channel_than_the_one_that_is_told_needs_a_word()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var bench = await BenchAsync(slack, "slack: { channel: '#prod' }");
        Assert.Equal("gates.slack.missing", (await bench.StandingAsync(Gate)).Finding.Code);
        Assert.Empty(slack.Calls);
    }

    private static SlackGate Gate => new(new(TidelockServices.ChannelKinds));

    private static async Task<GateBench> BenchAsync(SlackServer slack, string gates = Gates)
    {
        var bench = await GateBench.CreateAsync(gates, ("SLACK_BOT_TOKEN", SlackServer.Token));
        bench.Read(
            gates,
            $$$"""notify: { slack: { channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", api: "{{{slack.Api}}}" } }"""
        );
        return bench;
    }
}
