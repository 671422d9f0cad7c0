using System.Globalization;

namespace Tidelock.Calendars;

/// <summary>
/// A zone of the IANA database. Where clocks go forward, the times that are left out do not exist; where they go back, an hour comes twice.
/// </summary>
public sealed class ZoneTime
{
    private static readonly TimeSpan Step = TimeSpan.FromHours(6);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TimeZoneInfo zone;

    private ZoneTime(string name, TimeZoneInfo zone) => (Name, this.zone) = (name, zone);

    /// <summary>As people write it: <c>Asia/Seoul</c>.</summary>
    public string Name { get; }

    /// <summary>Null where there is no such zone.</summary>
    public static ZoneTime? Find(string name) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId ? new ZoneTime(name, zone) : null;

    /// <summary>The zone of this machine; UTC where its name is not one of the IANA database.</summary>
    public static ZoneTime OfMachine(TimeProvider time) => Find(time.LocalTimeZone.Id) ?? Find("UTC")!;

    /// <summary>What the clock on the wall shows.</summary>
    public DateTime Wall(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, zone).DateTime;

    /// <summary>As people read it, to the minute: <c>2026-11-28 02:30 Asia/Seoul</c>.</summary>
    public string Show(DateTimeOffset at) =>
        string.Create(CultureInfo.InvariantCulture, $"{Wall(at):yyyy-MM-dd HH:mm} {Name}");

    /// <summary>The moments at which the wall shows a time, earliest first: none, one, or two.</summary>
    public IReadOnlyList<DateTimeOffset> Moments(DateTime wall)
    {
        var bare = DateTime.SpecifyKind(wall, DateTimeKind.Unspecified);
        if (zone.IsInvalidTime(bare))
        {
            return [];
        }

        IEnumerable<TimeSpan> offsets = zone.IsAmbiguousTime(bare)
            ? zone.GetAmbiguousTimeOffsets(bare)
            : [zone.GetUtcOffset(bare)];
        return [.. offsets.Select(o => new DateTimeOffset(bare, o).ToUniversalTime()).Order()];
    }

    /// <summary>The first moment at or after which the wall shows nothing earlier than a time that is left out.</summary>
    public DateTimeOffset After(DateTime wall)
    {
        var later = wall;
        while (Moments(later).Count == 0)
        {
            later = later.AddMinutes(1);
        }

        return Moments(later)[0];
    }

    /// <summary>The time between two moments in pieces in each of which the zone has one offset from UTC.</summary>
    internal IReadOnlyList<(Opening Piece, TimeSpan Offset)> Pieces(DateTimeOffset from, DateTimeOffset to)
    {
        var pieces = new List<(Opening, TimeSpan)>();
        var (begin, offset) = (from, zone.GetUtcOffset(from));
        for (var at = from; at < to; at += Step)
        {
            var next = at + Step < to ? at + Step : to;
            if (zone.GetUtcOffset(next) is var other && other != offset)
            {
                var change = Change(at, next, offset);
                pieces.Add((new Opening(begin, change), offset));
                (begin, offset) = (change, other);
            }
        }

        pieces.Add((new Opening(begin, to), offset));
        return pieces;
    }

    /// <summary>The second at which the offset is no longer what it was.</summary>
    private DateTimeOffset Change(DateTimeOffset before, DateTimeOffset after, TimeSpan offset)
    {
        while (after - before > Second)
        {
            var middle = before + TimeSpan.FromSeconds(Math.Floor((after - before).TotalSeconds / 2));
            (before, after) = zone.GetUtcOffset(middle) == offset ? (middle, after) : (before, middle);
        }

        return after;
    }
}
