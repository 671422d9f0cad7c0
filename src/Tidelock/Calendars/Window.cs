namespace Tidelock.Calendars;

/// <summary>
/// When runs may go: allowed hours without the denied ones, by the clock on the wall of a zone. A run fits where it can begin, be watched
/// and end in one piece.
/// </summary>
/// <param name="Zone">Whose clock counts.</param>
/// <param name="Allow">The hours in which a run may go; none for any.</param>
/// <param name="Deny">The hours in which none may, whatever is allowed.</param>
/// <param name="Takes">How long a run takes beside its watch.</param>
public sealed record Window(ZoneTime Zone, IReadOnlyList<Stretch> Allow, IReadOnlyList<Stretch> Deny, TimeSpan Takes)
{
    /// <summary>The migration and its verification have ten minutes in the timeline.</summary>
    public static TimeSpan UsuallyTakes { get; } = TimeSpan.FromMinutes(10);

    /// <summary>How far ahead a time is looked for.</summary>
    public static TimeSpan Ahead { get; } = TimeSpan.FromDays(400);

    /// <summary>At any time.</summary>
    public static Window Any { get; } = new(ZoneTime.Find("UTC")!, [], [], UsuallyTakes);

    /// <summary>Another one that a run must fit as well; null for none.</summary>
    public Window? Beside { get; init; }

    /// <summary>Both at once: a run must fit each of them, and takes as long as the longer one says.</summary>
    public Window And(Window other) =>
        this with
        {
            Beside = Beside?.And(other) ?? other,
            Takes = Takes > other.Takes ? Takes : other.Takes,
        };

    /// <summary>Whether a run of that length may begin then; and where it may not, when it may.</summary>
    public WindowLook Look(DateTimeOffset start, TimeSpan length)
    {
        var horizon = start + Ahead;
        var open = Openings(start, horizon);
        var now = open.Where(o => o.Begin <= start && start < o.End)
            .Select(o => (DateTimeOffset?)o.End)
            .FirstOrDefault();
        var next = open.Select(o => (Begin: o.Begin > start ? o.Begin : start, o.End))
            .Where(o => o.End > start && o.Begin + length <= o.End)
            .Select(o => (DateTimeOffset?)o.Begin)
            .FirstOrDefault();
        return new WindowLook(next == start, now == horizon ? DateTimeOffset.MaxValue : now, next);
    }

    private List<Opening> Openings(DateTimeOffset from, DateTimeOffset to)
    {
        var pieces = Zone.Pieces(from - TimeSpan.FromDays(2), to + TimeSpan.FromDays(2));
        var denied = Opening.Union(Deny.SelectMany(s => Times(s, pieces)));
        IEnumerable<Opening> allowed =
            Allow.Count == 0 ? [new Opening(from, to)] : Opening.Union(Allow.SelectMany(s => Times(s, pieces)));
        IEnumerable<Opening> open = allowed.SelectMany(o => (o with { End = o.End < to ? o.End : to }).Without(denied));
        return Beside is null ? [.. open] : Opening.Both([.. open], Beside.Openings(from, to));
    }

    /// <summary>When the wall shows one of the stretch's times: by piece, so that an hour that comes twice is there twice.</summary>
    private IEnumerable<Opening> Times(Stretch stretch, IReadOnlyList<(Opening Piece, TimeSpan Offset)> pieces)
    {
        var first = DateOnly.FromDateTime(Zone.Wall(pieces[0].Piece.Begin));
        var last = DateOnly.FromDateTime(Zone.Wall(pieces[^1].Piece.End));
        return from date in Enumerable.Range(0, last.DayNumber - first.DayNumber + 1).Select(first.AddDays)
            let wall = stretch.On(date)
            where wall is not null
            from p in pieces
            let begin = new DateTimeOffset(wall.Value.Begin, p.Offset)
            let end = new DateTimeOffset(wall.Value.End, p.Offset)
            select new Opening(begin > p.Piece.Begin ? begin : p.Piece.Begin, end < p.Piece.End ? end : p.Piece.End);
    }
}

/// <summary>What a window says of a start.</summary>
/// <param name="Fits">Whether the whole run may go then.</param>
/// <param name="OpenUntil">When what is open at the start closes: the largest there is where it does not close; null where it is shut.</param>
/// <param name="Next">The first start from then on that fits; null for none within <see cref="Window.Ahead"/>.</param>
public sealed record WindowLook(bool Fits, DateTimeOffset? OpenUntil, DateTimeOffset? Next);
