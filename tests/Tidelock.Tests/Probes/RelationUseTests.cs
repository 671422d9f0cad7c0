using Microsoft.Extensions.Time.Testing;
using Tidelock.Postgres;
using Tidelock.Probes.Postgres;

namespace Tidelock.Tests.Probes;

public sealed class RelationUseTests
{
    private readonly FakeTimeProvider time = new();
    private readonly RelationUse use;

    public RelationUseTests() => use = new RelationUse(new RelationName("public", "attempt"), time);

    [Fact]
    public void The_first_look_is_no_rate() => Assert.Null(Look(("a", 1_000_000)));

    [Fact]
    public void The_rate_is_what_was_added_since_the_last_look()
    {
        Look(("a", 100), ("b", 7));
        Assert.Equal(11, Look(("a", 150), ("b", 12)));
        Assert.Equal(0, Look(("a", 150), ("b", 12)));
    }

    [Fact]
    public void A_view_made_anew_has_new_statements_and_they_count()
    {
        Look(("old", 500));
        Assert.Equal(4, Look(("old", 500), ("new", 20)));
    }

    [Fact]
    public void A_reset_never_makes_the_rate_negative()
    {
        Look(("a", 500));
        Assert.Equal(2, Look(("a", 10)));
    }

    [Fact]
    public void A_missed_tick_is_spread_over_the_time_it_took()
    {
        Look(("a", 0));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(10, Look(("a", 100)));
    }

    [Fact]
    public void A_reset_counts_time_and_rows_anew_as_well()
    {
        var before = new StatementCounters(100, 50, 1000);
        Assert.Equal(new StatementCounters(10, 5, 20), new StatementCounters(110, 55, 1020).Since(before));
        Assert.Equal(new StatementCounters(3, 60, 2000), new StatementCounters(3, 60, 2000).Since(before));
        Assert.Equal(StatementCounters.None, before.Since(before));
    }

    [Theory]
    [InlineData(100, 49, 1000)]
    [InlineData(100, 51, 1000)]
    [InlineData(120, 49, 1000)]
    public void A_reset_is_seen_though_there_were_as_many_calls_since(long calls, double seconds, long rows)
    {
        var now = new StatementCounters(calls, seconds, rows);
        Assert.Equal(now, now.Since(new StatementCounters(100, 50, 1000)));
    }

    private double? Look(params (string Key, long Calls)[] calls)
    {
        time.Advance(TimeSpan.FromSeconds(5));
        var next = use.Next(
            calls.Select(c => new CountedStatement(
                c.Key,
                0,
                "select * from attempt",
                new StatementCounters(c.Calls, 0, 0)
            )),
            areAll: true
        );
        return next is var (added, seconds) ? added.Calls / seconds : null;
    }
}
