using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

public sealed class BaselineCriterionTests
{
    [Fact]
    public void Twice_the_baseline_is_measured_against_what_was_before_the_migration()
    {
        var watch = new Watched(["p95 > 2x baseline for 10m"])
            .Baseline("p95", 0.21, 0.212, 0.214)
            .Value("p95", 0, 600, 0.23)
            .Value("p95", 600, 1800, 0.6);
        Assert.InRange(watch.RollsBackAt()!.Value, 800, 1205);
        Assert.Contains(
            "424 ms, 2x 212 ms",
            Assert.Single(watch.Judge(1800).Verdicts).Reason.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Twice_of_almost_nothing_is_not_a_breach()
    {
        var watch = new Watched(["p95 > 2x baseline for 5m"])
            .Baseline("p95", 0.001, 0.001, 0.001)
            .Value("p95", 0, 600, 0.006);
        Assert.Equal(VerdictState.Healthy, watch.State(600));
    }

    [Theory]
    [InlineData(0.0, 0.0, 0.0)]
    [InlineData(0.2, 0.2)]
    [InlineData]
    public void A_zero_or_unknown_baseline_makes_the_ratio_unknown(params double[] baseline)
    {
        var watch = new Watched(["p95 > 2x baseline for 5m"]).Baseline("p95", baseline).Value("p95", 0, 1800, 9);
        Assert.Equal(VerdictState.Unknown, watch.State(600));
        Assert.IsType<HoldWatch>(watch.Judge(1800).Decision);
    }

    [Fact]
    public void An_unknown_ratio_leaves_the_absolute_rules_in_force()
    {
        var watch = new Watched(["p95 > 2x baseline for 5m", "p95 > 2s for 5m"]).Value("p95", 0, 600, 9);
        Assert.IsType<RollBack>(watch.Judge(600).Decision);
    }

    [Theory]
    [InlineData(48, VerdictState.Healthy)]
    [InlineData(57, VerdictState.Healthy)]
    [InlineData(60, VerdictState.Breached)]
    [InlineData(30, VerdictState.Breached)]
    public void Within_a_share_of_the_baseline_has_two_sides(double connections, VerdictState state)
    {
        var watch = new Watched(healthy: ["connections within 20% of baseline"])
            .Baseline("connections", 47, 48, 49)
            .Value("connections", 0, 300, connections);
        Assert.Equal(state, watch.State(300));
    }
}
