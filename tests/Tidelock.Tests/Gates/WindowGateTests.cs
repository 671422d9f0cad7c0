using System.Globalization;
using Tidelock.Gates;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

/// <summary>The change of the bench is watched for half an hour, and has ten minutes beside that.</summary>
public sealed class WindowGateTests
{
    private const string Night = """from: "02:00", to: "04:00", zone: Asia/Seoul""";

    [Theory]
    [InlineData(Night, "2026-11-22T17:00:00Z", "gates.window.fits")]
    [InlineData(Night, "2026-11-22T18:20:00Z", "gates.window.fits")]
    [InlineData(Night, "2026-11-22T18:20:01Z", "gates.window.closes")]
    [InlineData(Night, "2026-11-22T19:00:00Z", "gates.window.shut")]
    [InlineData($"{Night}, takes: 2h", "2026-11-22T17:00:00Z", "gates.window.never")]
    [InlineData($"{Night}, days: [tue]", "2026-11-22T17:00:00Z", "gates.window.shut")]
    [InlineData($"{Night}, days: [mon]", "2026-11-22T17:00:00Z", "gates.window.fits")]
    [InlineData($"{Night}, deny: [{{ dates: [2026-11-20..2026-11-23] }}]", "2026-11-22T17:00:00Z", "gates.window.shut")]
    [InlineData(
        """allow: [{ from: "01:00", to: "03:00" }, { from: "12:00", to: "13:00", days: [sun] }]""",
        "2026-11-22T12:20:00Z",
        "gates.window.fits"
    )]
    [InlineData("""deny: [{ days: [fri, sat, sun] }]""", "2026-11-22T17:00:00Z", "gates.window.shut")]
    [InlineData("zone: UTC", "2026-11-22T17:00:00Z", "gates.window.open")]
    public async Task The_whole_run_with_its_watch_lies_in_the_window_or_it_is_refused(
        string window,
        string utc,
        string code
    )
    {
        var standing = await StandingAsync(window, utc);
        Assert.Equal(code, standing.Finding.Code);
        Assert.Equal(code is "gates.window.fits" or "gates.window.open", standing.Passed);
    }

    [Fact]
    public async Task A_refusal_names_the_next_start_that_fits_by_the_clock_of_the_window()
    {
        var standing = await StandingAsync(Night, "2026-11-22T18:30:00Z");
        Assert.Equal("2026-11-24 02:00 Asia/Seoul", standing.Finding.Arguments["next"]);
        Assert.Equal("2026-11-23 04:00 Asia/Seoul", standing.Finding.Arguments["until"]);
        Assert.Equal("40 min", standing.Finding.Arguments["takes"]);
        Assert.Contains("2026-11-24 02:00", TextCatalog.Korean.Render(standing.Finding), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_is_planned_is_looked_at_for_its_own_time()
    {
        await using var bench = await GateBench.CreateAsync($"window: {{ {Night} }}");
        Assert.True((await bench.StandingAsync(new WindowGate())).Passed);
        var planned = bench.Time.GetUtcNow().AddHours(12);
        Assert.False((await bench.StandingAsync(new WindowGate(), planned)).Passed);
    }

    [Fact]
    public async Task A_word_is_looked_at_for_the_time_of_the_start_that_is_planned()
    {
        await using var bench = await GateBench.CreateAsync("announcement: { before: 30m }");
        await bench.SayAsync("announcement", "kim");
        var gate = new AnnouncementGate();
        Assert.False((await bench.StandingAsync(gate)).Passed);
        Assert.True((await bench.StandingAsync(gate, bench.Time.GetUtcNow().AddMinutes(30))).Passed);
        Assert.False((await bench.StandingAsync(gate, bench.Time.GetUtcNow().AddDays(2))).Passed);
    }

    /// <summary>The change allows the whole night; the team allows three o'clock, and freezes the days around the year's end.</summary>
    [Theory]
    [InlineData("2026-11-22T17:00:00Z", "gates.window.shut", "2026-11-23 03:00 Asia/Seoul")]
    [InlineData("2026-11-22T18:00:00Z", "gates.window.fits", "2026-11-23 03:00 Asia/Seoul")]
    [InlineData("2026-12-24T18:00:00Z", "gates.window.shut", "2027-01-03 03:00 Asia/Seoul")]
    public async Task A_change_cannot_widen_its_teams_window(string utc, string code, string next)
    {
        const string policy = """
            environments:
              production:
                gates: { window: { from: "03:00", to: "04:00", zone: Asia/Seoul, deny: [{ dates: [2026-12-24..2027-01-02] }] } }
              others: {}
            """;
        await using var bench = await GateBench.WithPolicyAsync($"window: {{ {Night}, level: recommended }}", policy);
        bench.Time.AutoAdvanceAmount = TimeSpan.Zero;
        bench.Time.AdjustTime(DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture));
        var standing = await bench.StandingAsync(new WindowGate());
        Assert.Equal((GateLevel.Required, code), (standing.Level, Code(standing.Finding)));
        Assert.Contains(next, standing.Finding.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The finding's own code, where the policy's rules stand beside it.</summary>
    private static string Code(Message finding) =>
        finding.Code.StartsWith("gates.window.", StringComparison.Ordinal)
            ? finding.Code
            : finding.Parts!.Values.Select(Code).First(c => c.StartsWith("gates.window.", StringComparison.Ordinal));

    private static async Task<GateStanding> StandingAsync(string window, string utc)
    {
        await using var bench = await GateBench.CreateAsync($"window: {{ {window} }}");
        bench.Time.AutoAdvanceAmount = TimeSpan.Zero;
        bench.Time.AdjustTime(DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture));
        return await bench.StandingAsync(new WindowGate());
    }
}
