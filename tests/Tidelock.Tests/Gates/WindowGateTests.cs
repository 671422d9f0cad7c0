using System.Globalization;
using Tidelock.Gates;

namespace Tidelock.Tests.Gates;

public sealed class WindowGateTests
{
    [Theory]
    [InlineData("2026-11-22T16:59:59Z", false)]
    [InlineData("2026-11-22T17:00:00Z", true)]
    [InlineData("2026-11-22T18:59:59Z", true)]
    [InlineData("2026-11-22T19:00:00Z", false)]
    public Task The_zone_decides_and_the_end_is_exclusive(string utc, bool open) =>
        IsOpenAsync("""from: "02:00", to: "04:00", zone: Asia/Seoul""", utc, open);

    [Theory]
    [InlineData("2026-11-22T22:59:00Z", false)]
    [InlineData("2026-11-22T23:00:00Z", true)]
    [InlineData("2026-11-23T00:30:00Z", true)]
    [InlineData("2026-11-23T01:00:00Z", false)]
    public Task A_window_may_cross_midnight(string utc, bool open) =>
        IsOpenAsync("""from: "23:00", to: "01:00" """, utc, open);

    /// <summary>02:00 to 03:00 does not exist in Berlin on 29 March: the window opens at 03:00 on the wall, and is an hour shorter.</summary>
    [Theory]
    [InlineData("2026-03-29T00:59:59Z", false)]
    [InlineData("2026-03-29T01:00:00Z", true)]
    [InlineData("2026-03-29T01:59:59Z", true)]
    [InlineData("2026-03-29T02:00:00Z", false)]
    public Task When_clocks_go_forward_the_window_is_what_the_wall_shows(string utc, bool open) =>
        IsOpenAsync("""from: "02:00", to: "04:00", zone: Europe/Berlin""", utc, open);

    /// <summary>02:00 to 03:00 comes twice in Berlin on 25 October: both lie in the window, which is an hour longer.</summary>
    [Theory]
    [InlineData("2026-10-24T23:59:59Z", false)]
    [InlineData("2026-10-25T00:30:00Z", true)]
    [InlineData("2026-10-25T01:30:00Z", true)]
    [InlineData("2026-10-25T02:59:59Z", true)]
    [InlineData("2026-10-25T03:00:00Z", false)]
    public Task When_clocks_go_back_the_hour_that_comes_twice_counts_twice(string utc, bool open) =>
        IsOpenAsync("""from: "02:00", to: "04:00", zone: Europe/Berlin""", utc, open);

    private static async Task IsOpenAsync(string window, string utc, bool open)
    {
        await using var bench = await GateBench.CreateAsync($"window: {{ {window} }}");
        var at = DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture);
        bench.Time.AutoAdvanceAmount = TimeSpan.Zero;
        bench.Time.AdjustTime(at);
        var standing = await bench.StandingAsync(new WindowGate());
        Assert.Equal(open, standing.Passed);
        Assert.Equal(open ? "gates.window.inside" : "gates.window.outside", standing.Finding.Code);
    }
}
