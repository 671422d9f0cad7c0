using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>p95 was 212 ms before the migration, and there were 50 connections; nobody measured error_rate then.</summary>
public sealed class LeniencyTests
{
    [Theory]
    [InlineData("error_rate > 1% for 5m", "error_rate > 0.5% for 5m")]
    [InlineData("error_rate > 1% for 5m", "error_rate >= 1% for 5m")]
    [InlineData("error_rate > 1% for 5m", "error_rate > 1% for 3m")]
    [InlineData("p95 > 2x baseline for 10m", "p95 > 1.5x baseline for 10m")]
    [InlineData("p95 > 2x baseline for 10m", "p95 > 400ms for 10m")]
    [InlineData("p95 > 500ms for 10m", "p95 > 2x baseline for 10m")]
    [InlineData("view_queries < 10/s for 5m", "view_queries < 20/s for 5m")]
    [InlineData("p95 > 500ms for 5m", "p95 > 500ms or error_rate > 1% for 5m")]
    [InlineData("p95 > 500ms and error_rate > 1% for 5m", "p95 > 500ms for 5m")]
    [InlineData("p95 > 500ms or error_rate > 1% for 5m", "error_rate > 1% or p95 > 400ms for 5m")]
    public void A_bound_that_catches_all_that_the_old_one_catches_is_not_looser(string old, string wanted) =>
        Assert.False(IsLooser(old, wanted, mustHold: false));

    [Theory]
    [InlineData("error_rate > 1% for 5m", "error_rate > 2% for 5m")]
    [InlineData("error_rate >= 1% for 5m", "error_rate > 1% for 5m")]
    [InlineData("error_rate > 1% for 5m", "error_rate > 1% for 10m")]
    [InlineData("error_rate > 1% for 5m", "error_rate > 0.5% for 5m gross 80%")]
    [InlineData("p95 > 2x baseline for 10m", "p95 > 2.5x baseline for 10m")]
    [InlineData("p95 > 2x baseline for 10m", "p95 > 500ms for 10m")]
    [InlineData("p95 > 400ms for 10m", "p95 > 2x baseline for 10m")]
    [InlineData("view_queries < 10/s for 5m", "view_queries < 5/s for 5m")]
    [InlineData("p95 > 500ms or error_rate > 1% for 5m", "p95 > 500ms for 5m")]
    [InlineData("p95 > 500ms for 5m", "p95 > 500ms and error_rate > 1% for 5m")]
    [InlineData("p95 > 500ms for 5m", "error_rate > 1% for 5m")]
    [InlineData("error_rate > 2x baseline for 5m", "error_rate > 1% for 5m")]
    [InlineData("downstream fails", "contract broken")]
    public void A_bound_that_lets_more_pass_or_of_which_that_cannot_be_told_is_looser(string old, string wanted) =>
        Assert.True(IsLooser(old, wanted, mustHold: false));

    [Theory]
    [InlineData("p95 < 500ms", "p95 < 400ms", false)]
    [InlineData("p95 < 400ms", "p95 < 500ms", true)]
    [InlineData("p95 < 500ms", "p95 < 2x baseline", false)]
    [InlineData("connections within 20% of baseline", "connections within 15% of baseline", false)]
    [InlineData("connections within 20% of baseline", "connections within 30% of baseline", true)]
    [InlineData("view_queries > 0", "view_queries > 5/s", false)]
    [InlineData("view_queries > 5/s", "view_queries > 0", true)]
    public void What_must_hold_is_looser_where_it_is_easier_to_hold(string old, string wanted, bool looser) =>
        Assert.Equal(looser, IsLooser(old, wanted, mustHold: true));

    private static bool IsLooser(string old, string wanted, bool mustHold)
    {
        var options = new WatchOptions(
            TimeSpan.FromMinutes(30),
            Watched.Every,
            TimeSpan.FromMinutes(2),
            TimeSpan.FromMinutes(1),
            [],
            [],
            []
        );
        var baseline = Enumerable
            .Range(0, 12)
            .Select(i => Watched.At((5 * i) - 60))
            .SelectMany(at => new[] { Sample.Of("p95", at, 0.212), Sample.Of("connections", at, 50) });
        var record = new WatchRecord(options, baseline, Watched.Start);
        return Leniency.IsLooser(Watched.Parse(old), Watched.Parse(wanted), mustHold, record);
    }
}
