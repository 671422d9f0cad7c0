namespace Tidelock.Calendars;

/// <summary>
/// Hours of days as the clock on the wall shows them. One that ends at or before its begin ends on the next day, and is of the day on which
/// it begins.
/// </summary>
/// <param name="From">Its begin; null for midnight.</param>
/// <param name="To">Its end, which does not belong to it; null for the next midnight.</param>
/// <param name="Days">Of which days of the week; none for all.</param>
/// <param name="Dates">Of which dates; none for all.</param>
public sealed record Stretch(TimeOnly? From, TimeOnly? To, IReadOnlyList<DayOfWeek> Days, IReadOnlyList<DateSpan> Dates)
{
    /// <summary>The local times of one date; null where it has none on that date.</summary>
    internal (DateTime Begin, DateTime End)? On(DateOnly date)
    {
        if (
            (Days.Count > 0 && !Days.Contains(date.DayOfWeek))
            || (Dates.Count > 0 && !Dates.Any(d => d.First <= date && date <= d.Last))
        )
        {
            return null;
        }

        var (begin, end) = (date.ToDateTime(From ?? TimeOnly.MinValue), date.ToDateTime(To ?? TimeOnly.MinValue));
        return (begin, end > begin ? end : end.AddDays(1));
    }
}

/// <summary>Dates from the first to the last, both included.</summary>
public sealed record DateSpan(DateOnly First, DateOnly Last);
