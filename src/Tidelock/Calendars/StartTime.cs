using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Texts;

namespace Tidelock.Calendars;

/// <summary>A start as people write it, by the clock of a zone: <c>02:30</c>, <c>2026-11-28 02:30</c>, <c>2026-11-28T02:30+09:00</c>.</summary>
/// <param name="At">The moment.</param>
/// <param name="Zone">By whose clock it is told.</param>
/// <param name="Note">What whoever wrote it should know: that the wall shows it twice; null for nothing.</param>
public sealed partial record StartTime(DateTimeOffset At, ZoneTime Zone, Message? Note)
{
    private const string WallForm = "yyyy-MM-dd HH:mm";

    /// <summary>Only a time of day is the next one after <paramref name="now"/>.</summary>
    /// <exception cref="TidelockException">It is no time, is over, or clocks leave it out on that day.</exception>
    public static StartTime Parse(string text, ZoneTime zone, DateTimeOffset now)
    {
        var match = Form().Match(text.Trim());
        if (!match.Success)
        {
            throw Mistake("calendars.at.form", text, zone);
        }

        var date = match.Groups["date"].Value;
        var start =
            match.Groups["offset"].Success ? new StartTime(Exact(text, match, zone), zone, null)
            : date.Length > 0 ? OnWall(Wall(text, date, match, zone), zone, now)
            : Next(text, match, zone, now);
        return start.At > now ? start : throw Mistake("calendars.at.over", zone.Show(start.At), zone);
    }

    private static StartTime Next(string text, Match match, ZoneTime zone, DateTimeOffset now)
    {
        var today = zone.Wall(now).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var wall = Wall(text, today, match, zone);
        var last = zone.Moments(wall) is [.., var moment] ? moment : zone.After(wall);
        return last <= now ? OnWall(wall.AddDays(1), zone, now) : OnWall(wall, zone, now);
    }

    private static StartTime OnWall(DateTime wall, ZoneTime zone, DateTimeOffset now)
    {
        var shown = wall.ToString(WallForm, CultureInfo.InvariantCulture);
        var moments = zone.Moments(wall);
        if (moments.Count == 0)
        {
            throw new TidelockException(
                Message.Of(
                    "calendars.at.left-out",
                    ("time", shown),
                    ("zone", zone.Name),
                    ("next", zone.Show(zone.After(wall)))
                ),
                ExitCode.Mistake
            );
        }

        var at = moments.FirstOrDefault(m => m > now, moments[^1]);
        return new StartTime(
            at,
            zone,
            moments.Count == 1
                ? null
                : Message.Of(
                    "calendars.at.twice",
                    ("time", shown),
                    ("zone", zone.Name),
                    ("first", Utc(moments[0])),
                    ("second", Utc(moments[^1])),
                    ("meant", Utc(at))
                )
        );
    }

    private static DateTime Wall(string text, string date, Match match, ZoneTime zone) =>
        DateTime.TryParseExact(
            $"{date} {match.Groups["time"].Value}",
            WallForm,
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out var wall
        )
            ? wall
            : throw Mistake("calendars.at.form", text, zone);

    private static DateTimeOffset Exact(string text, Match match, ZoneTime zone) =>
        DateTimeOffset.TryParseExact(
            $"{match.Groups["date"].Value} {match.Groups["time"].Value}{match.Groups["offset"].Value.Replace("Z", "+00:00", StringComparison.Ordinal)}",
            WallForm + "zzz",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AdjustToUniversal,
            out var at
        )
            ? at
            : throw Mistake("calendars.at.form", text, zone);

    private static string Utc(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);

    private static TidelockException Mistake(string code, string text, ZoneTime zone) =>
        new(Message.Of(code, ("text", text), ("zone", zone.Name)), ExitCode.Mistake);

    [GeneratedRegex(
        "^((?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T])?(?<time>[0-9]{2}:[0-9]{2})(?(date)(?<offset>Z|[+-][0-9]{2}:[0-9]{2})?)$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Form();
}
