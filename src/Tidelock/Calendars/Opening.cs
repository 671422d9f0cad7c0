namespace Tidelock.Calendars;

/// <summary>A piece of time: its begin belongs to it, its end does not.</summary>
public sealed record Opening(DateTimeOffset Begin, DateTimeOffset End)
{
    /// <summary>Sorted, with what overlaps or touches made one.</summary>
    internal static List<Opening> Union(IEnumerable<Opening> openings)
    {
        var union = new List<Opening>();
        foreach (var next in openings.Where(o => o.Begin < o.End).OrderBy(o => o.Begin))
        {
            if (union is [.., var last] && next.Begin <= last.End)
            {
                union[^1] = last with { End = last.End > next.End ? last.End : next.End };
            }
            else
            {
                union.Add(next);
            }
        }

        return union;
    }

    /// <summary>What two sorted lists have in common, in order.</summary>
    internal static List<Opening> Both(IReadOnlyList<Opening> one, IReadOnlyList<Opening> other) =>
        [
            .. from a in one
            from b in other
            let both = new Opening(a.Begin > b.Begin ? a.Begin : b.Begin, a.End < b.End ? a.End : b.End)
            where both.Begin < both.End
            select both,
        ];

    /// <summary>What is left of it without the others, in order.</summary>
    internal IEnumerable<Opening> Without(IEnumerable<Opening> sorted)
    {
        var (begin, end) = this;
        foreach (var other in sorted.Where(o => o.Begin < end && o.End > begin))
        {
            if (other.Begin > begin)
            {
                yield return new Opening(begin, other.Begin);
            }

            begin = other.End;
        }

        if (begin < end)
        {
            yield return new Opening(begin, end);
        }
    }
}
