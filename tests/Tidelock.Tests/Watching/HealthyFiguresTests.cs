using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>The figures that a watch of half an hour must show at its end (M2 to M5): inside each it is done, at or past it it is held.</summary>
public sealed class HealthyFiguresTests
{
    [Theory]
    [InlineData(0.0009, true)]
    [InlineData(0.0011, false)]
    public void The_error_rate_must_be_below_a_tenth_of_a_percent(double rate, bool done) =>
        EndsAs(done, "error_rate < 0.1%", w => w.Value("error_rate", 0, 1800, rate));

    [Theory]
    [InlineData(0.499, true)]
    [InlineData(0.5, false)]
    public void The_latency_must_be_below_half_a_second(double p95, bool done) =>
        EndsAs(done, "p95 < 500ms", w => w.Value("p95", 0, 1800, p95));

    [Theory]
    [InlineData(44, true)]
    [InlineData(61, false)]
    [InlineData(19, false)]
    public void The_connections_must_stay_near_what_they_were(double connections, bool done) =>
        EndsAs(
            done,
            "connections within 20% of baseline",
            w => w.Baseline("connections", [.. Enumerable.Repeat(40.0, 12)]).Value("connections", 0, 1800, connections)
        );

    [Theory]
    [InlineData(0.01, true)]
    [InlineData(0, false)]
    public void The_view_must_be_read(double calls, bool done) =>
        EndsAs(done, "view_queries > 0", w => w.Value("view_queries", 0, 1800, calls));

    private static void EndsAs(bool done, string healthy, Func<Watched, Watched> samples)
    {
        var end = samples(new Watched(healthy: [healthy])).Judge(1800).Decision;
        Assert.IsType(done ? typeof(WatchDone) : typeof(HoldWatch), end);
    }
}
