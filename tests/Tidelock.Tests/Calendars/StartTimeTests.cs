using System.Globalization;
using Tidelock.Calendars;

namespace Tidelock.Tests.Calendars;

public sealed class StartTimeTests
{
    [Theory]
    [InlineData("02:30", "Asia/Seoul", "2026-11-27T09:00Z", "2026-11-27T17:30Z")]
    [InlineData("02:30", "Asia/Seoul", "2026-11-27T17:30Z", "2026-11-28T17:30Z")]
    [InlineData("02:30", "UTC", "2026-12-31T23:59Z", "2027-01-01T02:30Z")]
    [InlineData("2026-11-29 02:30", "Asia/Seoul", "2026-11-27T09:00Z", "2026-11-28T17:30Z")]
    [InlineData("2026-11-29T02:30", "UTC", "2026-11-27T09:00Z", "2026-11-29T02:30Z")]
    [InlineData("2026-11-29T02:30+09:00", "UTC", "2026-11-27T09:00Z", "2026-11-28T17:30Z")]
    [InlineData("2026-11-29T02:30Z", "Asia/Seoul", "2026-11-27T09:00Z", "2026-11-29T02:30Z")]
    [InlineData("02:30", "Europe/Berlin", "2026-10-24T20:00Z", "2026-10-25T00:30Z")]
    [InlineData("02:30", "Europe/Berlin", "2026-10-25T00:45Z", "2026-10-25T01:30Z")]
    [InlineData("02:30", "Europe/Berlin", "2026-10-25T01:45Z", "2026-10-26T01:30Z")]
    [InlineData("02:30", "America/New_York", "2026-03-08T22:00Z", "2026-03-09T06:30Z")]
    public void A_time_is_the_next_one_that_the_clock_of_the_zone_shows(
        string at,
        string zone,
        string now,
        string utc
    ) => Assert.Equal(At(utc), StartTime.Parse(at, ZoneTime.Find(zone)!, At(now)).At);

    [Theory]
    [InlineData("half past two", "calendars.at.form")]
    [InlineData("25:00", "calendars.at.form")]
    [InlineData("2026-02-30 02:30", "calendars.at.form")]
    [InlineData("02:30+09:00", "calendars.at.form")]
    [InlineData("2026-11-27 02:30", "calendars.at.over")]
    [InlineData("2027-03-28 02:30", "calendars.at.left-out")]
    public void What_is_no_start_is_a_mistake_that_says_why(string at, string code)
    {
        var e = Assert.Throws<TidelockException>(() =>
            StartTime.Parse(at, ZoneTime.Find("Europe/Berlin")!, At("2026-11-27T09:00Z"))
        );
        Assert.Equal((code, ExitCode.Mistake), (e.Problem.Code, e.ExitCode));
    }

    [Fact]
    public void A_time_that_is_left_out_is_answered_with_the_first_one_after_it()
    {
        var e = Assert.Throws<TidelockException>(() =>
            StartTime.Parse("02:30", ZoneTime.Find("Europe/Berlin")!, At("2027-03-27T20:00Z"))
        );
        Assert.Equal("2027-03-28 03:00 Europe/Berlin", e.Problem.Arguments["next"]);
    }

    [Fact]
    public void An_hour_that_comes_twice_is_told_with_both_moments()
    {
        var start = StartTime.Parse("2026-10-25 02:30", ZoneTime.Find("Europe/Berlin")!, At("2026-10-24T09:00Z"));
        Assert.Equal(
            ("2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T00:30Z"),
            (start.Note!.Arguments["first"], start.Note.Arguments["second"], start.Note.Arguments["meant"])
        );
    }

    private static DateTimeOffset At(string utc) => DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture);
}
