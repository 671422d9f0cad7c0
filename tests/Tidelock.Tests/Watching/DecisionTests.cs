using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

public sealed class DecisionTests
{
    [Fact]
    public void A_healthy_watch_is_done_when_its_time_is_over_and_not_before()
    {
        var watch = Watch().Value("error_rate", 0, 1800, 0);
        Assert.IsType<ContinueWatching>(watch.Judge(0).Decision);
        Assert.IsType<ContinueWatching>(watch.Judge(1795).Decision);
        Assert.IsType<WatchDone>(watch.Judge(1800).Decision);
    }

    [Fact]
    public void An_extended_watch_goes_on()
    {
        var watch = Watch().Value("error_rate", 0, 1800, 0);
        Assert.IsType<ContinueWatching>(watch.Judge(1800, TimeSpan.FromMinutes(5)).Decision);
    }

    [Fact]
    public void A_provider_that_is_down_holds_after_its_grace_and_never_rolls_back()
    {
        var watch = Watch().Value("error_rate", 0, 600, 0).Errors("error_rate", 600, 1800);
        Assert.Null(watch.RollsBackAt(3600));
        Assert.IsType<ContinueWatching>(watch.Judge(720).Decision);
        var hold = Assert.IsType<HoldWatch>(watch.Judge(735).Decision);
        Assert.Equal(("watching.hold.error", Watched.At(605)), (hold.Reason.Code, hold.Since));
        Assert.IsType<HoldWatch>(watch.Judge(1800).Decision);
    }

    [Fact]
    public void The_watch_goes_on_by_itself_when_data_returns()
    {
        var watch = Watch()
            .Value("error_rate", 0, 600, 0)
            .Errors("error_rate", 600, 780)
            .Value("error_rate", 780, 1800, 0);
        Assert.IsType<HoldWatch>(watch.Judge(780).Decision);
        Assert.IsType<ContinueWatching>(watch.Judge(785).Decision);
        Assert.IsType<WatchDone>(watch.Judge(1800).Decision);
    }

    [Fact]
    public void Answers_without_data_have_their_own_timer()
    {
        var watch = Watch().Value("error_rate", 0, 600, 0).NoData("error_rate", 600, 1800);
        Assert.Equal("watching.hold.no-data", Assert.IsType<HoldWatch>(watch.Judge(735).Decision).Reason.Code);
        var mixed = Watch()
            .Value("error_rate", 0, 600, 0)
            .NoData("error_rate", 600, 690)
            .Errors("error_rate", 690, 780);
        Assert.Equal("watching.hold.no-data", Assert.IsType<HoldWatch>(mixed.Judge(735).Decision).Reason.Code);
    }

    [Fact]
    public void A_probe_that_says_nothing_at_all_holds_too()
    {
        var watch = Watch().Value("error_rate", 0, 600, 0);
        Assert.Equal("watching.hold.silent", Assert.IsType<HoldWatch>(watch.Judge(725).Decision).Reason.Code);
        Assert.Equal("watching.hold.silent", Assert.IsType<HoldWatch>(Watch().Judge(125).Decision).Reason.Code);
    }

    [Fact]
    public void Every_signal_that_cannot_be_seen_is_known_with_the_time_from_which_on_it_holds()
    {
        var watch = new Watched(["error_rate > 1% for 5m", "p95 > 1s for 5m"])
            .Errors("p95", 0, 1800)
            .Value("error_rate", 0, 600, 0)
            .Errors("error_rate", 600, 1800);
        Assert.Empty(Assert.IsType<HoldWatch>(watch.Judge(700).Decision).Besides);
        var hold = Assert.IsType<HoldWatch>(watch.Judge(735).Decision);
        var beside = Assert.Single(hold.Besides);
        Assert.Equal(
            ("p95", Watched.At(125), "error_rate", Watched.At(725)),
            (hold.Reason.Arguments["signal"], hold.From, beside.Reason.Arguments["signal"], beside.From)
        );
    }

    [Fact]
    public void A_breach_seen_by_one_probe_rolls_back_while_another_is_blind()
    {
        var watch = new Watched(["error_rate > 1% for 5m", "p95 > 1s for 5m"])
            .Errors("p95", 0, 1800)
            .Value("error_rate", 0, 1800, 0.05);
        Assert.InRange(watch.RollsBackAt()!.Value, 100, 305);
    }

    [Fact]
    public void An_unknown_at_the_end_is_never_a_success()
    {
        var watch = Watch()
            .Value("error_rate", 0, 1650, 0)
            .Tick("error_rate", 1650, 3600, t => t < 1800 && t % 10 == 0 ? null : 0);
        Assert.Equal("watching.hold.unknown-at-end", Assert.IsType<HoldWatch>(watch.Judge(1800).Decision).Reason.Code);
        Assert.IsType<WatchDone>(watch.Judge(2060).Decision);
    }

    [Fact]
    public void A_healthy_criterion_that_does_not_hold_keeps_the_watch_from_ending_and_rolls_nothing_back()
    {
        var watch = new Watched(healthy: ["view_queries > 0"])
            .Value("view_queries", 0, 1800, 0)
            .Value("view_queries", 1800, 2400, 3);
        Assert.Equal(
            "watching.hold.unhealthy-at-end",
            Assert.IsType<HoldWatch>(watch.Judge(1800).Decision).Reason.Code
        );
        Assert.IsType<WatchDone>(watch.Judge(1860).Decision);
    }

    [Fact]
    public void A_watch_whose_process_was_stopped_goes_on_until_enough_was_seen()
    {
        var watch = Watch().Value("error_rate", 0, 300, 0).Value("error_rate", 1320, 3600, 0);
        Assert.Equal(VerdictState.Unknown, watch.State(1340));
        Assert.Equal("watching.hold.too-little-seen", Assert.IsType<HoldWatch>(watch.Judge(1800).Decision).Reason.Code);
        Assert.IsType<WatchDone>(watch.Judge(2460).Decision);
    }

    [Fact]
    public void Samples_of_before_the_watch_do_not_count()
    {
        var watch = Watch().Value("error_rate", -600, 0, 1).Value("error_rate", 0, 600, 0);
        Assert.Equal(VerdictState.Healthy, watch.State(600));
    }

    [Fact]
    public void Samples_of_the_future_are_of_a_clock_that_was_set_back_and_nothing_is_healthy_until_they_are_past()
    {
        var samples = Watch().Value("error_rate", 0, 600, 0).Value("error_rate", 605, 900, 1).Samples;
        WatchJudgement At(double now) =>
            WatchJudge.Judge(new WatchEvidence(Watch().Options, samples, [], Watched.Start, Watched.At(now)), default);

        Assert.Equal("watching.hold.set-back", Assert.IsType<HoldWatch>(At(600).Decision).Reason.Code);
        Assert.Equal(VerdictState.Unknown, Assert.Single(At(600).Verdicts).State);
        Assert.IsType<RollBack>(At(700).Decision);
    }

    [Fact]
    public void Downstream_queries_break_the_watch_when_a_second_look_confirms_it()
    {
        var what = Message.Of("probes.not-a-number");
        var watch = new Watched(["downstream fails"]).Add(BuiltInSignals.Fine("downstream", Watched.At(0)));
        Assert.Equal(VerdictState.Healthy, watch.State(30));
        var broken = BuiltInSignals.Broken("downstream", Watched.At(60), what);
        watch.Add(broken, broken);
        Assert.Equal(VerdictState.Unknown, watch.State(65));
        watch.Add(BuiltInSignals.Broken("downstream", Watched.At(120), what));
        Assert.IsType<RollBack>(watch.Judge(120).Decision);
        watch.Add(BuiltInSignals.Fine("downstream", Watched.At(180)));
        Assert.Equal(VerdictState.Healthy, watch.State(180));
    }

    [Fact]
    public void A_critical_fault_needs_no_second_look()
    {
        var watch = new Watched(["contract broken"]).Add(
            BuiltInSignals.BrokenForSure("contract", Watched.At(60), Message.Of("probes.not-a-number"))
        );
        Assert.IsType<RollBack>(watch.Judge(60).Decision);
    }

    [Fact]
    public void A_fault_signal_that_nobody_asked_for_long_is_unknown_and_holds()
    {
        var watch = new Watched(["contract broken"]).Add(BuiltInSignals.Fine("contract", Watched.At(0)));
        Assert.Equal(VerdictState.Healthy, watch.State(290));
        Assert.Equal(VerdictState.Unknown, watch.State(301));
        Assert.IsType<HoldWatch>(watch.Judge(301).Decision);
    }

    [Theory]
    [InlineData("error_rate > 1% for 1h", "watching.window-too-long")]
    [InlineData("error_rate > 1% for 10s", "watching.window-too-short")]
    [InlineData("error_rate > 1% for 5m", null)]
    [InlineData("error_rate > 1%", null)]
    public void A_window_that_does_not_fit_the_watch_is_found_before_it_begins(string text, string? code) =>
        Assert.Equal(code, CriterionFit.Unsuited(Watched.Parse(text), Watch().Options)?.Problem.Code);

    [Theory]
    [InlineData("p95 > 1s for 10m", 900, 0, "watching.window-behind-data", 10)]
    [InlineData("p95 > 1s for 15m", 900, 0, null, 0)]
    [InlineData("p95 > 1s", 900, 0, null, 0)]
    [InlineData("p95 > 2x baseline for 5m", 0, 30, "watching.baseline-too-short", 10)]
    [InlineData("p95 > 2x baseline for 5m", 0, 20, null, 0)]
    public void A_criterion_that_its_source_cannot_serve_is_found_before_it_begins(
        string text,
        int delay,
        int every,
        string? code,
        int column
    )
    {
        var probe = new DeclaredProbe("p95", SignalUnit.Seconds)
        {
            Delay = TimeSpan.FromSeconds(delay),
            Every = TimeSpan.FromSeconds(every),
        };
        var unsuited = CriterionFit.Unsuited(Watched.Parse(text), Watch().Options with { Probes = [probe] });
        Assert.Equal((code, column), (unsuited?.Problem.Code, unsuited?.Column ?? 0));
    }

    private static Watched Watch() => new(["error_rate > 1% for 5m"]);

    private sealed record DeclaredProbe(string Signal, SignalUnit Unit) : ProbeOptions(Signal, Unit);
}
