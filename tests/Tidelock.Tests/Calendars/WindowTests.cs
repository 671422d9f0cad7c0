using System.Globalization;
using Tidelock.Calendars;

namespace Tidelock.Tests.Calendars;

public sealed class WindowTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData("2026-11-22T16:59:59Z", false)]
    [InlineData("2026-11-22T17:00:00Z", true)]
    [InlineData("2026-11-22T18:59:59Z", true)]
    [InlineData("2026-11-22T19:00:00Z", false)]
    public void The_zone_decides_and_the_end_is_exclusive(string utc, bool open) =>
        Assert.Equal(open, Of("Asia/Seoul", Hours("02:00", "04:00")).Look(At(utc), Moment).Fits);

    [Theory]
    [InlineData("2026-11-22T22:59:00Z", false)]
    [InlineData("2026-11-22T23:00:00Z", true)]
    [InlineData("2026-11-23T00:30:00Z", true)]
    [InlineData("2026-11-23T01:00:00Z", false)]
    public void A_window_may_cross_midnight(string utc, bool open) =>
        Assert.Equal(open, Of("UTC", Hours("23:00", "01:00")).Look(At(utc), Moment).Fits);

    /// <summary>02:00 to 03:00 does not exist in Berlin on 29 March: the window opens at 03:00 on the wall, and is an hour shorter.</summary>
    [Theory]
    [InlineData("2026-03-29T00:59:59Z", false)]
    [InlineData("2026-03-29T01:00:00Z", true)]
    [InlineData("2026-03-29T01:59:59Z", true)]
    [InlineData("2026-03-29T02:00:00Z", false)]
    public void When_clocks_go_forward_the_window_is_what_the_wall_shows(string utc, bool open) =>
        Assert.Equal(open, Of("Europe/Berlin", Hours("02:00", "04:00")).Look(At(utc), Moment).Fits);

    /// <summary>02:00 to 03:00 comes twice in Berlin on 25 October: both lie in the window, which is an hour longer.</summary>
    [Theory]
    [InlineData("2026-10-24T23:59:59Z", false)]
    [InlineData("2026-10-25T00:30:00Z", true)]
    [InlineData("2026-10-25T01:30:00Z", true)]
    [InlineData("2026-10-25T02:59:59Z", true)]
    [InlineData("2026-10-25T03:00:00Z", false)]
    public void When_clocks_go_back_the_hour_that_comes_twice_counts_twice(string utc, bool open) =>
        Assert.Equal(open, Of("Europe/Berlin", Hours("02:00", "04:00")).Look(At(utc), Moment).Fits);

    /// <summary>The wall shows 02:30 twice: the window closes, opens again when clocks go back to 02:00, and closes for good.</summary>
    [Fact]
    public void A_window_that_ends_in_the_hour_that_comes_twice_opens_twice()
    {
        var window = Of("Europe/Berlin", Hours("01:00", "02:30"));
        Assert.Equal(At("2026-10-25T00:30:00Z"), window.Look(At("2026-10-25T00:10:00Z"), Moment).OpenUntil);
        Assert.Equal(At("2026-10-25T01:00:00Z"), window.Look(At("2026-10-25T00:30:00Z"), Moment).Next);
        Assert.Equal(At("2026-10-26T00:00:00Z"), window.Look(At("2026-10-25T01:30:00Z"), Moment).Next);
    }

    [Theory]
    [InlineData("2026-11-22T18:20:00Z", true)]
    [InlineData("2026-11-22T18:20:01Z", false)]
    public void The_whole_run_must_end_before_the_window_closes(string utc, bool fits) =>
        Assert.Equal(fits, Of("Asia/Seoul", Hours("02:00", "04:00")).Look(At(utc), TimeSpan.FromMinutes(40)).Fits);

    [Fact]
    public void A_run_that_no_longer_fits_is_told_the_next_night()
    {
        var look = Of("Asia/Seoul", Hours("02:00", "04:00")).Look(At("2026-11-22T18:30:00Z"), TimeSpan.FromMinutes(40));
        Assert.Equal(At("2026-11-22T19:00:00Z"), look.OpenUntil);
        Assert.Equal(At("2026-11-23T17:00:00Z"), look.Next);
    }

    /// <summary>The hour that is left out on 29 March makes the window too short for that night's run.</summary>
    [Fact]
    public void A_night_that_clocks_shorten_is_passed_over_where_the_run_is_too_long_for_it()
    {
        var look = Of("Europe/Berlin", Hours("02:00", "04:00"))
            .Look(At("2026-03-28T12:00:00Z"), TimeSpan.FromMinutes(90));
        Assert.Equal(At("2026-03-30T00:00:00Z"), look.Next);
    }

    [Fact]
    public void A_stretch_over_midnight_is_of_the_day_on_which_it_begins()
    {
        var friday = new Stretch(new TimeOnly(23, 0), new TimeOnly(1, 0), [DayOfWeek.Friday], []);
        Assert.True(Of("UTC", friday).Look(At("2026-11-28T00:30:00Z"), Moment).Fits);
        Assert.False(Of("UTC", friday).Look(At("2026-11-27T00:30:00Z"), Moment).Fits);
    }

    [Fact]
    public void Denied_beats_allowed_and_the_run_must_fit_beside_it()
    {
        var window = Of("UTC", Hours("02:00", "06:00")) with { Deny = [Hours("03:00", "04:00")] };
        Assert.False(window.Look(At("2026-11-27T03:00:00Z"), Moment).Fits);
        Assert.True(window.Look(At("2026-11-27T02:20:00Z"), TimeSpan.FromMinutes(40)).Fits);
        Assert.Equal(
            At("2026-11-27T04:00:00Z"),
            window.Look(At("2026-11-27T02:21:00Z"), TimeSpan.FromMinutes(40)).Next
        );
    }

    [Fact]
    public void A_freeze_over_the_year_s_end_ends_with_its_last_day_there()
    {
        var frozen = new Stretch(null, null, [], [new DateSpan(new(2026, 12, 24), new(2027, 1, 2))]);
        var window = Of("Asia/Seoul") with { Deny = [frozen] };
        Assert.True(window.Look(At("2026-12-23T14:00:00Z"), TimeSpan.FromMinutes(40)).Fits);
        Assert.False(window.Look(At("2026-12-23T14:30:00Z"), TimeSpan.FromMinutes(40)).Fits);
        Assert.Equal(
            At("2027-01-02T15:00:00Z"),
            window.Look(At("2026-12-31T16:00:00Z"), TimeSpan.FromMinutes(40)).Next
        );
    }

    [Fact]
    public void Stretches_that_touch_are_one_piece_of_time()
    {
        var window = Of("UTC", Hours("22:00", "00:00"), Hours("00:00", "02:00"));
        Assert.True(window.Look(At("2026-12-31T22:00:00Z"), TimeSpan.FromHours(4)).Fits);
        Assert.False(window.Look(At("2026-12-31T22:00:01Z"), TimeSpan.FromHours(4)).Fits);
    }

    [Fact]
    public void A_run_longer_than_every_window_never_fits()
    {
        var look = Of("UTC", Hours("02:00", "04:00")).Look(At("2026-11-27T02:00:00Z"), TimeSpan.FromHours(3));
        Assert.False(look.Fits);
        Assert.Null(look.Next);
        Assert.NotNull(look.OpenUntil);
    }

    [Fact]
    public void Without_a_window_every_time_fits() =>
        Assert.Equal(
            new WindowLook(true, DateTimeOffset.MaxValue, At("2026-11-27T02:00:00Z")),
            Window.Any.Look(At("2026-11-27T02:00:00Z"), TimeSpan.FromDays(9))
        );

    [Fact]
    public void A_run_must_fit_both_windows_and_is_told_a_time_that_fits_both()
    {
        var both = Of("UTC", Hours("02:00", "06:00"))
            .And(Of("Asia/Seoul", Hours("13:00", "15:00")) with { Takes = TimeSpan.FromMinutes(20) });
        Assert.Equal(TimeSpan.FromMinutes(20), both.Takes);
        Assert.False(both.Look(At("2026-11-27T02:00:00Z"), Moment).Fits);
        Assert.Equal(At("2026-11-27T04:00:00Z"), both.Look(At("2026-11-27T02:00:00Z"), TimeSpan.FromHours(2)).Next);
        Assert.False(both.Look(At("2026-11-27T04:00:01Z"), TimeSpan.FromHours(2)).Fits);
    }

    private static Window Of(string zone, params Stretch[] allow) =>
        new(ZoneTime.Find(zone)!, allow, [], Window.UsuallyTakes);

    private static Stretch Hours(string from, string to) =>
        new(
            TimeOnly.Parse(from, CultureInfo.InvariantCulture),
            TimeOnly.Parse(to, CultureInfo.InvariantCulture),
            [],
            []
        );

    private static DateTimeOffset At(string utc) => DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture);
}
