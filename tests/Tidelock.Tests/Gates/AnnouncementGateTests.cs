using Tidelock.Gates;
using Tidelock.Runs;

namespace Tidelock.Tests.Gates;

public sealed class AnnouncementGateTests
{
    private static readonly AnnouncementGate Gate = new();

    [Fact]
    public async Task The_team_must_have_been_told_half_an_hour_before_and_the_first_word_counts()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        Assert.Equal("gates.announcement.missing", (await bench.StandingAsync(Gate)).Finding.Code);
        await bench.SayAsync("announcement", "kim");
        bench.Time.Advance(TimeSpan.FromMinutes(29));
        await bench.SayAsync("announcement", "lee");
        var early = await bench.StandingAsync(Gate);
        Assert.True(early.Refuses);
        Assert.Equal("1 min", early.Finding.Arguments["left"]);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Passed);
        Assert.Equal("kim", standing.By);
    }

    [Fact]
    public async Task Yesterdays_announcement_is_for_no_start_of_today()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.SayAsync("announcement", "kim");
        bench.Time.Advance(TimeSpan.FromHours(24.5));
        Assert.True(await bench.PassesAsync(Gate));
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Refuses);
        Assert.Equal("gates.word-used-up", standing.Finding.Code);
        Assert.Equal("gates.announcement.missing", standing.Finding.Parts!["missing"].Code);
    }

    [Fact]
    public async Task A_notice_of_days_may_be_older_than_a_day()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 3d }");
        await bench.SayAsync("announcement", "kim");
        bench.Time.Advance(TimeSpan.FromDays(3.5));
        Assert.True(await bench.PassesAsync(Gate));
    }

    [Fact]
    public async Task A_second_start_is_announced_again()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.SayAsync("announcement", "kim");
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.RunAsync("production", RunResult.RolledBack);
        Assert.False(await bench.PassesAsync(Gate));
    }

    [Fact]
    public async Task What_Tidelock_told_passes_by_itself_at_the_time_it_told_and_not_before()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddMinutes(45));
        bench.Time.Advance(TimeSpan.FromMinutes(44));
        var early = await bench.StandingAsync(Gate);
        Assert.Equal(
            (true, "gates.announcement.too-early", "1 min"),
            (early.Refuses, early.Finding.Code, early.Finding.Arguments["left"])
        );
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        var standing = await bench.StandingAsync(Gate);
        Assert.Equal((true, null, "gates.announcement.sent"), (standing.Passed, standing.By, standing.Finding.Code));
    }

    [Fact]
    public async Task Where_channels_are_named_it_must_have_been_told_over_each_of_them_and_nobodys_word_is_enough()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m, channels: [slack, mail] }");
        var at = bench.Time.GetUtcNow().AddMinutes(45);
        await bench.SayAsync("announcement", "kim");
        await bench.AnnounceAsync(at);
        bench.Time.Advance(TimeSpan.FromMinutes(15));
        await bench.AnnounceAsync(at, "mail, command");
        bench.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("gates.announcement.sent", (await bench.StandingAsync(Gate)).Finding.Code);

        bench.Read("announcement: { before: 30m, channels: [slack, pagerduty] }");
        await bench.SayAsync("announcement", "kim");
        await bench.AnnounceAsync(bench.Time.GetUtcNow());
        bench.Time.Advance(TimeSpan.FromMinutes(30));
        var standing = await bench.StandingAsync(Gate);
        Assert.Equal((true, "gates.announcement.untold"), (standing.Refuses, standing.Finding.Code));
        Assert.Equal("pagerduty", standing.Finding.Arguments["channels"]);
    }

    [Fact]
    public async Task A_notice_that_came_too_late_for_its_own_time_is_waited_for()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddMinutes(10));
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("20 min", (await bench.StandingAsync(Gate)).Finding.Arguments["left"]);
        bench.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.True(await bench.PassesAsync(Gate));
    }

    [Fact]
    public async Task A_time_that_was_told_again_counts_from_when_it_was_told()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddHours(5));
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddMinutes(5));
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("25 min", (await bench.StandingAsync(Gate)).Finding.Arguments["left"]);
    }

    [Fact]
    public async Task A_start_that_was_called_off_was_not_announced_and_one_that_is_announced_after_it_was()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        var at = bench.Time.GetUtcNow().AddMinutes(45);
        await bench.AnnounceAsync(at);
        bench.Time.Advance(TimeSpan.FromMinutes(40));
        await bench.AnnounceAsync(at, isCalledOff: true);
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        var standing = await bench.StandingAsync(Gate);
        Assert.Equal((true, "gates.announcement.called-off"), (standing.Refuses, standing.Finding.Code));

        // Whoever ended the waiting went on with it: the same time counts from when it was told first.
        await bench.AnnounceAsync(at);
        Assert.Equal("gates.announcement.sent", (await bench.StandingAsync(Gate)).Finding.Code);
        await bench.AnnounceAsync(at, isCalledOff: true);

        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddMinutes(30));
        bench.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("gates.announcement.sent", (await bench.StandingAsync(Gate)).Finding.Code);

        await bench.AnnounceAsync(bench.Time.GetUtcNow(), isCalledOff: true);
        await bench.SayAsync("announcement", "lee");
        bench.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("lee", (await bench.StandingAsync(Gate)).By);
    }

    [Fact]
    public async Task A_start_long_after_the_time_that_was_told_is_announced_anew()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddMinutes(45));
        bench.Time.Advance(TimeSpan.FromMinutes(60));
        Assert.True(await bench.PassesAsync(Gate));
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        var standing = await bench.StandingAsync(Gate);
        Assert.Equal((true, "gates.announcement.other-time"), (standing.Refuses, standing.Finding.Code));
        await bench.SayAsync("announcement", "lee");
        bench.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("lee", (await bench.StandingAsync(Gate)).By);
    }

    [Fact]
    public async Task A_run_that_began_as_it_was_told_may_take_hours_before_it_makes_the_change()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.AnnounceAsync(bench.Time.GetUtcNow().AddMinutes(45));
        bench.Time.Advance(TimeSpan.FromMinutes(46));
        var began = bench.Time.GetUtcNow();
        bench.Time.Advance(TimeSpan.FromHours(3));

        Assert.True((await bench.StandingAsync(Gate, began: began)).Passed);
        Assert.False((await bench.StandingAsync(Gate)).Passed);
    }
}
