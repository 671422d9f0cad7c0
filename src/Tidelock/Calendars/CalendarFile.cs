using System.Globalization;
using System.Text;

namespace Tidelock.Calendars;

/// <summary>A calendar as RFC 5545 has it, with times in UTC: every program shows them by its reader's own clock.</summary>
public static class CalendarFile
{
    private const int LongestLine = 75;

    /// <summary>The file's text.</summary>
    /// <param name="entries">What stands in it.</param>
    /// <param name="now">When it is written: a calendar that has an older one of the same id takes this one for it.</param>
    public static string Text(IEnumerable<CalendarEntry> entries, DateTimeOffset now)
    {
        var text = new StringBuilder();
        IEnumerable<string> lines =
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Tidelock//Tidelock//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            .. entries.SelectMany(e => Lines(e, now)),
            "END:VCALENDAR",
        ];
        foreach (var line in lines.SelectMany(Folded))
        {
            text.Append(line).Append("\r\n");
        }

        return text.ToString();
    }

    private static IEnumerable<string> Lines(CalendarEntry entry, DateTimeOffset now) =>
        [
            "BEGIN:VEVENT",
            $"UID:{entry.Id}",
            $"DTSTAMP:{Utc(now)}",
            FormattableString.Invariant($"SEQUENCE:{now.ToUnixTimeSeconds()}"),
            $"DTSTART:{Utc(entry.Begin)}",
            $"DTEND:{Utc(entry.End)}",
            $"SUMMARY:{Escaped(entry.Summary)}",
            $"DESCRIPTION:{Escaped(entry.Description)}",
            "TRANSP:OPAQUE",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            $"DESCRIPTION:{Escaped(entry.Summary)}",
            "TRIGGER:-PT10M",
            "END:VALARM",
            "END:VEVENT",
        ];

    private static string Utc(DateTimeOffset at) =>
        at.ToUniversalTime().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    private static string Escaped(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace(";", "\\;", StringComparison.Ordinal)
            .Replace(",", "\\,", StringComparison.Ordinal)
            .Replace("\r", "", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary>A line has at most 75 octets, and no letter is cut into two of its lines.</summary>
    private static IEnumerable<string> Folded(string line)
    {
        var piece = new StringBuilder();
        var octets = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            if (octets + rune.Utf8SequenceLength > LongestLine)
            {
                yield return piece.ToString();
                piece.Clear().Append(' ');
                octets = 1;
            }

            piece.Append(rune);
            octets += rune.Utf8SequenceLength;
        }

        yield return piece.ToString();
    }
}

/// <summary>One thing in a calendar.</summary>
/// <param name="Id">The same for the same thing at another time: it is moved then.</param>
/// <param name="Begin">Its begin.</param>
/// <param name="End">Its end.</param>
/// <param name="Summary">In one line.</param>
/// <param name="Description">In several.</param>
public sealed record CalendarEntry(
    string Id,
    DateTimeOffset Begin,
    DateTimeOffset End,
    string Summary,
    string Description
);
