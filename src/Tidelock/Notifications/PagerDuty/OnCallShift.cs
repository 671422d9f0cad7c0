namespace Tidelock.Notifications.PagerDuty;

/// <summary>A time in which somebody is on call.</summary>
/// <param name="Id">Who, as PagerDuty knows them.</param>
/// <param name="Name">Who, as people know them.</param>
/// <param name="From">Null for always.</param>
/// <param name="Until">Exclusive; null for ever.</param>
internal sealed record OnCallShift(string Id, string Name, DateTimeOffset? From, DateTimeOffset? Until)
{
    public bool Covers(DateTimeOffset at) => !(From > at) && !(Until <= at);
}
