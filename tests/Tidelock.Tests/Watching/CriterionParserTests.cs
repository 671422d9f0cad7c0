using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

public sealed class CriterionParserTests
{
    private static readonly Dictionary<string, SignalUnit> Signals = new(StringComparer.Ordinal)
    {
        ["error_rate"] = SignalUnit.Ratio,
        ["p95"] = SignalUnit.Seconds,
        ["connections"] = SignalUnit.Number,
        ["view_queries"] = SignalUnit.PerSecond,
        ["orders"] = SignalUnit.Unstated,
        ["응답-시간"] = SignalUnit.Seconds,
    };

    [Theory]
    [InlineData("error_rate < 0.1%")]
    [InlineData("p95 < 500ms")]
    [InlineData("connections within 20% of baseline")]
    [InlineData("view_queries > 0")]
    [InlineData("error_rate > 1% for 5m")]
    [InlineData("p95 > 2x baseline for 10m")]
    [InlineData("p95 > 2 x baseline for 1h30m")]
    [InlineData("downstream fails")]
    [InlineData("contract broken")]
    [InlineData("contract holds and downstream works")]
    [InlineData("(error_rate>5% or p95>=2s) and connections <= 10 for 90s")]
    [InlineData("view_queries >= 5 /s")]
    [InlineData("view_queries >= 300 per minute")]
    [InlineData("orders > 0.5%")]
    [InlineData("orders > 12")]
    [InlineData("응답-시간 > 1.5s")]
    public void What_authors_write_is_understood(string text)
    {
        Assert.True(CriterionParser.TryParse(text, Signals, out var criterion, out var problem, out var column));
        Assert.Equal(text, criterion.Text);
        Assert.Null(problem);
        Assert.Equal(0, column);
    }

    [Theory]
    [InlineData("error_rate > 1%", SignalUnit.Ratio, 0.01)]
    [InlineData("p95 > 500ms", SignalUnit.Seconds, 0.5)]
    [InlineData("p95 > 2 min", SignalUnit.Seconds, 120)]
    [InlineData("view_queries > 300 per minute", SignalUnit.PerSecond, 5)]
    [InlineData("view_queries > 7/s", SignalUnit.PerSecond, 7)]
    [InlineData("orders > 5%", SignalUnit.Ratio, 0.05)]
    [InlineData("orders > 5", SignalUnit.Unstated, 5)]
    [InlineData("error_rate > 0", SignalUnit.Ratio, 0)]
    public void Bounds_are_converted_to_the_unit_of_their_signal(string text, SignalUnit unit, double bound)
    {
        var comparison = Assert.IsType<Comparison>(Parse(text).Condition);
        Assert.Equal(unit, comparison.Unit);
        Assert.Equal(bound, Assert.IsType<FixedBound>(comparison.Bound).Value, 12);
    }

    [Fact]
    public void And_binds_closer_than_or_and_for_is_the_window_of_all()
    {
        var criterion = Parse("error_rate > 5% or p95 > 2s and connections > 10 for 1m30s");
        Assert.IsType<BothConditions>(Assert.IsType<EitherCondition>(criterion.Condition).Right);
        Assert.Equal(TimeSpan.FromSeconds(90), criterion.For);
        Assert.Equal(["error_rate", "p95", "connections"], criterion.Signals);
    }

    [Theory]
    [InlineData("", 1, "watching.syntax.empty")]
    [InlineData("error_rat > 1%", 1, "watching.unknown-signal.did-you-mean")]
    [InlineData("error_rate > 1% and latency > 2s", 21, "watching.unknown-signal")]
    [InlineData("error_rate > 1", 14, "watching.unit.ratio")]
    [InlineData("p95 > 500", 7, "watching.unit.seconds")]
    [InlineData("p95 > 5%", 7, "watching.unit.seconds")]
    [InlineData("connections > 5%", 15, "watching.unit.number")]
    [InlineData("view_queries > 5ms", 16, "watching.unit.per-second")]
    [InlineData("orders > 5ms", 10, "watching.unit.unstated")]
    [InlineData("p95 > 500 ms for 10 parsecs", 21, "watching.syntax.unexpected-expected")]
    [InlineData("p95 >", 6, "watching.syntax.unfinished-expected")]
    [InlineData("p95 > > 5s", 7, "watching.syntax.unexpected-expected")]
    [InlineData("p95 = 5s", 5, "watching.syntax.sign")]
    [InlineData("connections within 20 of baseline", 23, "watching.syntax.unexpected-expected")]
    [InlineData("(p95 > 5s", 10, "watching.syntax.unfinished-expected")]
    [InlineData("p95 > 5s)", 9, "watching.syntax.unexpected")]
    [InlineData("contract fails", 10, "watching.syntax.unexpected-expected")]
    [InlineData("p95 > 5s for", 13, "watching.syntax.unfinished-expected")]
    [InlineData("p95 > 5s or", 12, "watching.syntax.unfinished-expected")]
    [InlineData("and > 5", 1, "watching.syntax.unexpected-expected")]
    public void Every_mistake_says_where_it_is(string text, int column, string code)
    {
        Assert.False(CriterionParser.TryParse(text, Signals, out var criterion, out var problem, out var at));
        Assert.Null(criterion);
        Assert.Equal((code, column), (problem.Code, at));
        Assert.DoesNotContain("{", TextCatalog.English.Render(problem), StringComparison.Ordinal);
        Assert.DoesNotContain("{", TextCatalog.Korean.Render(problem), StringComparison.Ordinal);
    }

    private static Criterion Parse(string text)
    {
        Assert.True(
            CriterionParser.TryParse(text, Signals, out var criterion, out var problem, out _),
            problem?.ToString()
        );
        return criterion;
    }
}
