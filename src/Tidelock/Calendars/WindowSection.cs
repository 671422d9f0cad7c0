using System.Globalization;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Calendars;

/// <summary>
/// Reads a window, for a change and for a policy alike: one stretch of hours written straight into it, or several under <c>allow</c>, and
/// what is denied under <c>deny</c>.
/// </summary>
public static class WindowSection
{
    private static readonly string[] StretchKeys = ["from", "to", "days", "dates"];

    /// <summary>The keys of a window.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. StretchKeys, "zone", "allow", "deny", "takes"];

    private static readonly (string, DayOfWeek)[] DayWords =
    [
        ("mon", DayOfWeek.Monday),
        ("tue", DayOfWeek.Tuesday),
        ("wed", DayOfWeek.Wednesday),
        ("thu", DayOfWeek.Thursday),
        ("fri", DayOfWeek.Friday),
        ("sat", DayOfWeek.Saturday),
        ("sun", DayOfWeek.Sunday),
    ];

    /// <param name="node">The window; any time where it does not exist or is a single word.</param>
    /// <param name="beside">Keys of the reader's own that stand beside those of a window.</param>
    public static Window Read(ChangeNode node, params string[] beside)
    {
        if (!node.IsMapping && !node.IsList)
        {
            return Window.Any;
        }

        node.Only([.. Keys, .. beside]);
        var own = StretchKeys.Where(k => node[k].Exists).ToList();
        if (own.Count > 0 && node["allow"].Exists)
        {
            node["allow"].Mistake(Message.Of("calendars.window.twice", ("key", own[0])));
        }

        return new Window(
            ReadZone(node["zone"]),
            own.Count > 0 ? [ReadStretch(node)] : ReadList(node["allow"]),
            ReadList(node["deny"]),
            node["takes"].Duration(Window.UsuallyTakes, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7))
        );
    }

    private static ZoneTime ReadZone(ChangeNode node)
    {
        var name = node.Text("UTC");
        if (ZoneTime.Find(name) is { } zone)
        {
            return zone;
        }

        node.Mistake(Message.Of("calendars.window.zone", ("zone", name)));
        return Window.Any.Zone;
    }

    private static IReadOnlyList<Stretch> ReadList(ChangeNode node) =>
        !node.Exists ? [] : [.. node.Items.Select(item => ReadStretch(item.Only(StretchKeys)))];

    private static Stretch ReadStretch(ChangeNode node)
    {
        var (from, to) = (ReadTime(node["from"]), ReadTime(node["to"]));
        if (node["from"].Exists != node["to"].Exists)
        {
            node.Mistake(Message.Of("calendars.window.both"));
        }
        else if (from is not null && from == to)
        {
            node["to"].Mistake(Message.Of("calendars.window.empty", ("time", node["to"].Text())));
        }

        return new Stretch(from, to, ReadDays(node["days"]), ReadDates(node["dates"]));
    }

    private static TimeOnly? ReadTime(ChangeNode node)
    {
        if (node.AnyText() is not { } text)
        {
            return null;
        }

        if (TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return time;
        }

        node.Mistake(Message.Of("calendars.window.time", ("text", text)));
        return null;
    }

    private static IReadOnlyList<DayOfWeek> ReadDays(ChangeNode node) =>
        !node.Exists ? [] : [.. node.Items.Select(day => day.Word(DayOfWeek.Monday, DayWords))];

    private static IReadOnlyList<DateSpan> ReadDates(ChangeNode node) =>
        !node.Exists ? [] : [.. node.Items.Select(ReadSpan).OfType<DateSpan>()];

    private static DateSpan? ReadSpan(ChangeNode node)
    {
        if (node.AnyText() is not { } text)
        {
            return null;
        }

        var ends = text.Split("..");
        if (ends.Length <= 2 && ReadDate(ends[0]) is { } first && ReadDate(ends[^1]) is { } last && first <= last)
        {
            return new DateSpan(first, last);
        }

        node.Mistake(Message.Of("calendars.window.date", ("text", text)));
        return null;
    }

    private static DateOnly? ReadDate(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : null;
}
