using System.Globalization;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>Who is on call from one time to another.</summary>
internal sealed record OnCallRoster(IReadOnlyList<OnCallShift> Shifts, DateTimeOffset From, DateTimeOffset Until)
{
    /// <summary>The first moment in which the fewest different people are on call. Their number falls only where a shift ends.</summary>
    public DateTimeOffset Thinnest =>
        Shifts
            .Select(s => s.Until)
            .OfType<DateTimeOffset>()
            .Where(end => end > From && end < Until)
            .Order()
            .Prepend(From)
            .MinBy(at => At(at).Count);

    /// <summary>The names of the people who are on call at one moment, each with the time until which they are where that comes too early.</summary>
    public IReadOnlyList<string> At(DateTimeOffset at) =>
        [
            .. Shifts
                .Where(s => s.Covers(at))
                .GroupBy(s => s.Id, StringComparer.Ordinal)
                .OrderBy(p => p.First().Name, StringComparer.Ordinal)
                .Select(p => Named(p.First().Name, p.Any(s => s.Until is null) ? null : p.Max(s => s.Until))),
        ];

    private string Named(string name, DateTimeOffset? until) =>
        until < Until
            ? string.Create(CultureInfo.InvariantCulture, $"{name} (–{until.Value.UtcDateTime:HH:mm}Z)")
            : name;
}
