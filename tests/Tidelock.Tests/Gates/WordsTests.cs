using Tidelock.Gates;
using Tidelock.Notifications.Sending;
using Tidelock.Runs;

namespace Tidelock.Tests.Gates;

/// <summary>How long people's words on a start count: those of G8 and G9, and what passes over a gate.</summary>
public sealed class WordsTests
{
    private static readonly OnCallGate OnCall = new();
    private static readonly SlackGate Slack = new(new ChannelFactory([]));

    [Fact]
    public async Task Enough_different_people_must_stand_by()
    {
        await using var bench = await GateBench.CreateAsync("onCall: { people: 2 }");
        await bench.SayAsync("on-call", "kim");
        await bench.SayAsync("on-call", "kim");
        Assert.True((await bench.StandingAsync(OnCall)).Refuses);
        await bench.SayAsync("on-call", "lee");
        Assert.Equal("kim, lee", (await bench.StandingAsync(OnCall)).By);
    }

    [Fact]
    public async Task Who_stood_by_yesterday_does_not_stand_by_today()
    {
        await using var bench = await GateBench.CreateAsync("onCall: { people: 2 }");
        await bench.SayAsync("on-call", "kim");
        bench.Time.Advance(TimeSpan.FromHours(12));
        await bench.SayAsync("on-call", "lee");
        bench.Time.Advance(TimeSpan.FromHours(12));
        Assert.True(await bench.PassesAsync(OnCall));
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        var standing = await bench.StandingAsync(OnCall);
        Assert.True(standing.Refuses);
        Assert.Equal("lee", standing.Finding.Arguments["people"]);
    }

    [Fact]
    public async Task Who_withdraws_stands_by_no_more()
    {
        await using var bench = await GateBench.CreateAsync("onCall: { people: 1 }");
        await bench.SayAsync("on-call", "kim");
        await bench.SayAsync("on-call", "KIM", WordKind.Withdrawn);
        Assert.False(await bench.PassesAsync(OnCall));
        await bench.SayAsync("on-call", "kim");
        Assert.True(await bench.PassesAsync(OnCall));
    }

    [Fact]
    public async Task A_recommended_gate_without_a_word_is_shown_and_refuses_nothing()
    {
        await using var bench = await GateBench.CreateAsync("""slack: { channel: "#db-ops", level: recommended }""");
        var open = await bench.StandingAsync(Slack);
        Assert.False(open.Passed);
        Assert.False(open.Refuses);
        Assert.Equal("#db-ops", open.Finding.Arguments["channel"]);
        await bench.SayAsync("slack", "kim");
        Assert.Equal("kim", (await bench.StandingAsync(Slack)).By);
    }

    [Theory]
    [InlineData(RunResult.Completed, false)]
    [InlineData(RunResult.RolledBack, false)]
    [InlineData(RunResult.NothingChanged, true)]
    [InlineData(RunResult.Refused, true)]
    public async Task A_word_is_used_up_by_a_start_that_changed_something(RunResult result, bool counts)
    {
        await using var bench = await GateBench.CreateAsync("slack: required");
        await bench.SayAsync("slack", "kim");
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        await bench.RunAsync("staging", RunResult.Completed);
        Assert.True(await bench.PassesAsync(Slack));
        await bench.RunAsync("production", result);
        Assert.Equal(counts, await bench.PassesAsync(Slack));
    }

    [Fact]
    public async Task A_gate_is_passed_over_for_one_start_only_and_in_red()
    {
        await using var bench = await GateBench.CreateAsync("slack: required");
        await bench.SayAsync("slack", "kim", WordKind.Overridden, "outage");
        var standing = await bench.StandingAsync(Slack);
        Assert.True(standing is { Passed: true, Overridden: true, By: "kim" });
        Assert.Equal("outage", standing.Finding.Arguments["reason"]);
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        await bench.RunAsync("production", RunResult.RolledBack);
        Assert.True((await bench.StandingAsync(Slack)).Refuses);
    }

    [Fact]
    public async Task An_override_ends_with_the_day()
    {
        await using var bench = await GateBench.CreateAsync("slack: required");
        await bench.SayAsync("slack", "kim", WordKind.Overridden, "outage");
        bench.Time.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        Assert.True((await bench.StandingAsync(Slack)).Refuses);
    }
}
