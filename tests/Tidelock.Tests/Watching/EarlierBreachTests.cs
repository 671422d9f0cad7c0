using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>What is past its bound in the minute before the change.</summary>
public sealed class EarlierBreachTests
{
    [Theory]
    [InlineData("p95 > 500ms for 1m", 0.6, true)]
    [InlineData("p95 > 500ms for 1m", 0.4, false)]
    [InlineData("p95 < 2s for 30s", 0.6, true)]
    [InlineData("p95 > 2x baseline for 1m", 0.6, false)]
    [InlineData("p95 < 5x baseline for 30s", 0.6, false)]
    [InlineData("p95 > 2x baseline or p95 > 500ms for 1m", 0.6, true)]
    [InlineData("p95 > 2x baseline and p95 > 500ms for 1m", 0.6, false)]
    [InlineData("p95 > 500ms and error_rate > 1% for 1m", 0.6, false)]
    [InlineData("downstream fails or p95 > 500ms for 1m", 0.6, true)]
    [InlineData("downstream fails", 0.6, false)]
    public void What_would_take_the_change_back_is_found_and_never_against_the_baseline(
        string criterion,
        double p95,
        bool isBreached
    ) => Assert.Equal(isBreached, TakesBack(criterion, _ => p95) is not null);

    [Theory]
    [InlineData("error_rate > 1% for 5m", 0.0167, false, true)]
    [InlineData("error_rate > 1% for 5m", 0.9, true, true)]
    [InlineData("error_rate > 1%", 0.0167, false, true)]
    [InlineData("error_rate > 1% for 5m", 0.009, false, false)]
    public void Of_a_longer_window_only_an_outage_takes_back_and_the_rest_is_told(
        string criterion,
        double rate,
        bool isBreached,
        bool isTold
    )
    {
        var watched = new Watched([criterion]).Tick("error_rate", 0, 65, _ => rate);
        var earlier = new EarlierBreach(watched.Options, watched.Samples);
        Assert.Equal((isBreached, isTold), (earlier.TakesBack() is not null, earlier.IsExceeded() is not null));
    }

    [Fact]
    public void It_names_the_signal_the_value_the_bound_and_the_time_that_was_seen()
    {
        var verdict = TakesBack("p95 > 500ms for 1m", _ => 0.6)!;
        Assert.Equal("p95 > 500ms for 1m", verdict.Criterion);
        Assert.Equal(
            "p95 600 ms mean over 1 min (bound 500 ms), last 7.5 s 600 ms",
            TextCatalog.English.Render(verdict.Reason)
        );
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(0, 15)]
    [InlineData(50, 60)]
    public void What_is_over_and_what_has_only_begun_refuses_nothing(double from, double to) =>
        Assert.Null(TakesBack("p95 > 500ms for 1m", t => t > from && t <= to ? 0.6 : 0.1));

    [Fact]
    public void What_has_lasted_for_a_third_of_the_baseline_and_is_not_over_is_a_breach() =>
        Assert.NotNull(TakesBack("p95 > 500ms for 1m", t => t > 40 ? 5 : 0.1));

    [Fact]
    public void Two_values_are_too_few_and_a_source_that_fails_says_nothing_of_the_service()
    {
        Assert.Null(TakesBack("p95 > 500ms for 1m", t => t > 50 ? 0.6 : null));
        Assert.Null(TakesBack("p95 > 500ms for 1m", t => t % 10 == 0 ? 0.6 : null));
    }

    [Theory]
    [InlineData("view_queries > 0", true)]
    [InlineData("view_queries >= 0", false)]
    public void A_view_that_nobody_reads_yet_takes_nothing_back_and_is_told(string healthy, bool isTold)
    {
        var watched = new Watched(healthy: [healthy]).Value("view_queries", 0, 60, 0);
        var earlier = new EarlierBreach(watched.Options, watched.Samples);
        Assert.Null(earlier.TakesBack());
        Assert.Equal(isTold, earlier.IsUnhealthy() is not null);
    }

    private static Verdict? TakesBack(string criterion, Func<double, double?> p95)
    {
        var watched = new Watched([criterion])
            .Tick("p95", 0, 60, p95)
            .Tick("error_rate", 0, 60, _ => 0.001)
            .Add(Sample.Error("error_rate", Watched.At(61), Message.Of("probes.not-a-number")));
        return new EarlierBreach(watched.Options, watched.Samples).TakesBack();
    }
}
