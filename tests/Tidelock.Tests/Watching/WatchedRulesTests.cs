using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>What is read beside the values while a watch goes on. p95 was 212 ms before it, there were 50 connections, and almost no errors.</summary>
public sealed class WatchedRulesTests
{
    [Theory]
    [InlineData("error_rate > 1% for 5m", "rolls back above 1 % for 5 min")]
    [InlineData("p95 >= 500ms for 10m", "rolls back at 500 ms or above for 10 min")]
    [InlineData("view_queries < 10/s for 5m", "rolls back below 10 /s for 5 min")]
    [InlineData("p95 > 2x baseline for 10m", "rolls back above 424 ms (2x baseline 212 ms) for 10 min")]
    [InlineData(
        "error_rate > 2x baseline for 5m",
        "rolls back above 0.12 % (2x baseline 0.02 % would be too near to it) for 5 min"
    )]
    [InlineData(
        "view_queries < 0.5x baseline for 5m",
        "rolls back past a bound that nobody knows, as there is no usable baseline, for 5 min"
    )]
    [InlineData(
        "p95 > 1s and error_rate > 0.5% for 5m",
        "rolls back when p95 above 1 s and error_rate above 0.5 % for 5 min"
    )]
    [InlineData("downstream fails", "rolls back when it fails")]
    public void A_rule_says_what_would_take_the_change_back(string criterion, string words)
    {
        var rule = Assert.Single(Rules(rollBackWhen: criterion).Rules);
        Assert.True(rule.RollsBack);
        Assert.Equal(words, TextCatalog.English.Render(rule.Words));
    }

    [Theory]
    [InlineData("p95 < 500ms", "ok below 500 ms")]
    [InlineData("connections within 20% of baseline", "ok within 40 – 60")]
    public void A_rule_says_what_must_hold(string criterion, string words)
    {
        var rule = Assert.Single(Rules(healthy: criterion).Rules);
        Assert.False(rule.RollsBack);
        Assert.Equal(words, TextCatalog.English.Render(rule.Words));
    }

    [Fact]
    public void A_verdict_says_how_many_values_of_its_window_are_past_the_bound()
    {
        var verdict = new Watched(["error_rate > 1% for 1m"])
            .Tick("error_rate", 0, 100, _ => 0)
            .Tick("error_rate", 100, 115, _ => 0.5)
            .Judge(115)
            .RollBackWhen.Single();
        Assert.Equal(new PastBound(3, 12), verdict.Past);
    }

    private static WatchedRules Rules(string? rollBackWhen = null, string? healthy = null)
    {
        var options = new WatchOptions(
            TimeSpan.FromMinutes(30),
            Watched.Every,
            TimeSpan.FromMinutes(2),
            TimeSpan.FromMinutes(1),
            [],
            healthy is null ? [] : [Watched.Parse(healthy)],
            rollBackWhen is null ? [] : [Watched.Parse(rollBackWhen)]
        );
        var baseline = Enumerable
            .Range(0, 12)
            .Select(i => Watched.At((5 * i) - 60))
            .SelectMany(at =>
                new[]
                {
                    Sample.Of("p95", at, 0.212),
                    Sample.Of("connections", at, 50),
                    Sample.Of("error_rate", at, 0.0002),
                }
            );
        return WatchedRules.Of(new WatchRecord(options, baseline, Watched.Start));
    }
}
