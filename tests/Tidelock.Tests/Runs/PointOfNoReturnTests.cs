using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

public sealed class PointOfNoReturnTests
{
    private static readonly DateTimeOffset At = SampleEvents.Zero;

    [Theory]
    [InlineData(null, 0L, false)]
    [InlineData(null, 1L, true)]
    [InlineData(0L, 1L, true)]
    [InlineData(100L, 110L, false)]
    [InlineData(100L, 111L, true)]
    [InlineData(100L, 89L, true)]
    public void It_is_told_when_there_is_something_to_lose_and_when_that_changes_by_more_than_a_tenth(
        long? told,
        long now,
        bool isNews
    ) => Assert.Equal(isNews, Of(now).IsNewsAfter(told is null ? null : Of(told)));

    [Fact]
    public void Unknown_is_told_once_and_so_is_that_it_is_known_again()
    {
        Assert.True(Of(null).IsNewsAfter(null));
        Assert.True(Of(null).IsNewsAfter(Of(5)));
        Assert.False(Of(null).IsNewsAfter(Of(null)));
        Assert.True(Of(5).IsNewsAfter(Of(null)));
    }

    [Fact]
    public void It_is_read_from_the_journal_and_unknown_is_said_to_be_unknown()
    {
        var state = RunState.Of([SampleEvents.Started, Of(12431).AsEvent()]);
        var told = PointOfNoReturn.Of(state)!;

        Assert.Equal(12431, told.Rows);
        Assert.Contains("12,431 rows", told.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("2026-11-22 16:59:30Z", told.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("not known", Of(null).Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("알 수 없습니다", TextCatalog.Korean.Render(Of(null).Finding), StringComparison.Ordinal);
        Assert.Null(PointOfNoReturn.Of(RunState.Empty));
    }

    [Fact]
    public void Where_others_hold_back_what_they_wrote_the_number_is_said_to_be_the_least()
    {
        var state = RunState.Of([SampleEvents.Started, (Of(12431) with { AtLeast = true }).AsEvent()]);
        var told = PointOfNoReturn.Of(state)!;

        Assert.Contains("about 12,431 or more rows", told.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("약 12,431(또는 그 이상)행", TextCatalog.Korean.Render(told.Finding), StringComparison.Ordinal);
        Assert.Contains("not known", (Of(null) with { AtLeast = true }).Finding.ToString(), StringComparison.Ordinal);
    }

    private static PointOfNoReturn Of(long? rows) => new(At, At.AddSeconds(-30), rows, ["public.orders 7"]);
}
