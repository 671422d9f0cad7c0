using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

public sealed class BreachTests
{
    private const string Errors = "error_rate > 1% for 5m";

    [Fact]
    public void Three_percent_errors_roll_back_within_the_window_and_one_tick()
    {
        var watch = Watch().Value("error_rate", 0, 600, 0.0005).Value("error_rate", 600, 1800, 0.03);
        Assert.InRange(watch.RollsBackAt()!.Value, 600 + 60, 600 + 305);
    }

    [Fact]
    public void A_breach_shorter_than_the_window_does_not_roll_back()
    {
        var watch = Watch()
            .Value("error_rate", 0, 600, 0)
            .Value("error_rate", 600, 690, 0.03)
            .Value("error_rate", 690, 1800, 0);
        Assert.Null(watch.RollsBackAt());
    }

    [Fact]
    public void One_sample_of_a_total_outage_does_not_carry_the_mean_of_the_window_over_the_bound()
    {
        var watch = Watch()
            .Value("error_rate", 0, 600, 0)
            .Value("error_rate", 600, 630, 1)
            .Value("error_rate", 630, 1800, 0);
        Assert.Null(watch.RollsBackAt());
    }

    [Fact]
    public void A_spike_that_is_over_does_not_roll_back_although_the_mean_is_past_the_bound()
    {
        var watch = Watch().Value("error_rate", 0, 180, 0.05).Value("error_rate", 180, 300, 0);
        Assert.Equal(VerdictState.Healthy, watch.State(300));
    }

    [Fact]
    public void Flapping_around_the_bound_does_not_reset_anything()
    {
        var watch = Watch().Tick("error_rate", 0, 1800, t => t % 10 == 0 ? 0.03 : 0.005);
        Assert.InRange(watch.RollsBackAt()!.Value, 240, 305);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(900)]
    public void A_total_outage_rolls_back_after_a_minute(double begins)
    {
        var watch = Watch().Value("error_rate", 0, begins, 0).Value("error_rate", begins, 1800, 1);
        Assert.InRange(watch.RollsBackAt()!.Value - begins, 45, 60);
    }

    [Fact]
    public void A_total_outage_of_a_share_that_must_be_reached_rolls_back_after_a_minute()
    {
        var watch = new Watched(["error_rate < 99% for 5m"])
            .Value("error_rate", 0, 600, 1)
            .Value("error_rate", 600, 1800, 0);
        Assert.InRange(watch.RollsBackAt()!.Value - 600, 45, 60);
    }

    [Fact]
    public void Latency_has_no_gross_breach_and_waits_for_its_window()
    {
        var watch = new Watched(["p95 > 500ms for 10m"]).Value("p95", 0, 600, 0.2).Value("p95", 600, 1800, 30);
        Assert.Equal(800, watch.RollsBackAt());
    }

    [Fact]
    public void An_outage_that_is_interrupted_within_the_minute_is_not_gross()
    {
        var watch = Watch().Value("error_rate", 0, 45, 1).Value("error_rate", 45, 50, 0).Value("error_rate", 50, 95, 1);
        Assert.Null(watch.RollsBackAt(95));
        Assert.Equal(VerdictState.Unknown, watch.State(95));
    }

    [Fact]
    public void Fewer_than_80_percent_of_the_samples_of_the_window_are_unknown()
    {
        var sparse = Watch().Tick("error_rate", 0, 600, t => t % 15 == 0 ? null : 0.05);
        Assert.Equal(VerdictState.Unknown, sparse.State(600));
        var enough = Watch().Tick("error_rate", 0, 600, t => t % 30 == 0 ? null : 0.05);
        Assert.Equal(VerdictState.Breached, enough.State(595));
    }

    [Fact]
    public void A_few_requests_say_nothing()
    {
        var watch = Watch();
        for (var t = 5; t <= 300; t += 5)
        {
            watch.Add(Sample.Of("error_rate", Watched.At(t), t == 300 ? 1 : 0, t == 300 ? 1 : 0));
        }

        Assert.Equal(VerdictState.Unknown, watch.State(300));
    }

    [Fact]
    public void Requests_weigh_the_mean()
    {
        Watched With(double bad) =>
            Enumerable
                .Range(1, 60)
                .Aggregate(
                    Watch(),
                    (w, i) =>
                        w.Add(Sample.Of("error_rate", Watched.At(5 * i), i % 2 == 0 ? 0.015 : 0, i % 2 == 0 ? bad : 10))
                );

        Assert.Equal(VerdictState.Breached, With(bad: 1000).State(300));
        Assert.Equal(VerdictState.Healthy, With(bad: 10).State(300));
    }

    [Fact]
    public void Clearing_takes_a_full_short_stretch_inside_the_bound()
    {
        var watch = Watch().Value("error_rate", 0, 300, 0.03).Value("error_rate", 300, 400, 0);
        Assert.Equal(VerdictState.Breached, watch.State(300));
        Assert.Equal(VerdictState.Breached, watch.State(320));
        Assert.Equal(VerdictState.Healthy, watch.State(325));
    }

    [Fact]
    public void The_reason_names_the_mean_the_bound_the_window_and_the_last_stretch()
    {
        var watch = Watch().Value("error_rate", 0, 275, 0.03).Value("error_rate", 275, 300, 0.041);
        Assert.Equal(
            "error_rate 3.09 % mean over 5 min (bound 1 %), last 25 s 4.1 %",
            Assert.Single(watch.Judge(300).Verdicts).Reason.ToString()
        );
    }

    [Fact]
    public void Progress_rises_to_one_on_the_way_to_a_breach()
    {
        var watch = Watch().Value("error_rate", 0, 600, 0.002).Value("error_rate", 600, 900, 0.03);
        var progress = Enumerable
            .Range(120, 25)
            .Select(i => Assert.Single(watch.Judge(5 * i).Verdicts).Progress)
            .ToList();
        Assert.InRange(progress[0], 0.05, 0.15);
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(1, progress[^1]);
    }

    [Fact]
    public void Both_parts_of_an_and_must_be_breached()
    {
        var watch = new Watched(["error_rate > 1% and p95 > 1s for 5m"]).Value("error_rate", 0, 900, 0.05);
        Assert.Equal(VerdictState.Unknown, watch.State(300));
        watch.Value("p95", 0, 400, 0.1);
        Assert.Equal(VerdictState.Healthy, watch.State(400));
        watch.Value("p95", 400, 900, 4);
        Assert.Equal(VerdictState.Breached, watch.State(700));
    }

    private static Watched Watch() => new([Errors]);
}
