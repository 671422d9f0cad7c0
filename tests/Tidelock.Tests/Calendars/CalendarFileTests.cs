using System.Text;
using Tidelock.Calendars;

namespace Tidelock.Tests.Calendars;

public sealed class CalendarFileTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

    private static readonly CalendarEntry Entry = new(
        "attempt-view-v1-production@tidelock",
        new DateTimeOffset(2026, 11, 28, 2, 30, 0, TimeSpan.FromHours(9)),
        new DateTimeOffset(2026, 11, 28, 3, 30, 0, TimeSpan.FromHours(9)),
        "배포: attempt-view-v1 → production",
        "Lock; the view, to its \\ shape\nT+5  2026-11-28 02:35 Asia/Seoul  마이그레이션 완료\n" + new string('가', 60)
    );

    [Fact]
    public void Times_are_in_utc_and_lines_end_as_the_format_asks()
    {
        var text = CalendarFile.Text([Entry], Now);
        var lines = Unfolded(text);
        Assert.Equal(("BEGIN:VCALENDAR", "END:VCALENDAR", ""), (lines[0], lines[^2], lines[^1]));
        Assert.Contains("VERSION:2.0", lines);
        Assert.Contains("DTSTAMP:20261127T090000Z", lines);
        Assert.Contains("DTSTART:20261127T173000Z", lines);
        Assert.Contains("DTEND:20261127T183000Z", lines);
        Assert.Contains("UID:attempt-view-v1-production@tidelock", lines);
        Assert.DoesNotContain(text.Replace("\r\n", "", StringComparison.Ordinal), c => c is '\r' or '\n');
    }

    [Fact]
    public void Text_is_escaped_and_comes_back_as_it_was()
    {
        var description = Unfolded(CalendarFile.Text([Entry], Now))
            .First(l => l.StartsWith("DESCRIPTION:Lock", StringComparison.Ordinal));
        Assert.StartsWith(@"DESCRIPTION:Lock\; the view\, to its \\ shape\nT+5", description, StringComparison.Ordinal);
        Assert.EndsWith(new string('가', 60), description, StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_is_longer_than_75_octets_and_no_letter_is_cut()
    {
        var lines = CalendarFile.Text([Entry], Now).Split("\r\n");
        Assert.Contains(lines, l => l.StartsWith(' '));
        Assert.All(lines, l => Assert.True(Encoding.UTF8.GetByteCount(l) <= 75, l));
        Assert.DoesNotContain('\uFFFD', string.Concat(lines));
    }

    [Fact]
    public void A_plan_that_is_moved_takes_the_place_of_the_earlier_one()
    {
        var moved = Unfolded(CalendarFile.Text([Entry with { Begin = Entry.Begin.AddDays(1) }], Now.AddMinutes(1)));
        Assert.Contains("UID:attempt-view-v1-production@tidelock", moved);
        Assert.True(Sequence(moved) > Sequence(Unfolded(CalendarFile.Text([Entry], Now))));
    }

    private static long Sequence(string[] lines) =>
        long.Parse(
            lines.Single(l => l.StartsWith("SEQUENCE:", StringComparison.Ordinal))["SEQUENCE:".Length..],
            System.Globalization.CultureInfo.InvariantCulture
        );

    private static string[] Unfolded(string text) => text.Replace("\r\n ", "", StringComparison.Ordinal).Split("\r\n");
}
