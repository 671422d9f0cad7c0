namespace Tidelock.Notifications.PagerDuty;

/// <summary><c>notify.pagerduty</c>: change events at the start and the end of a run, and an incident where a person is needed.</summary>
/// <param name="Address">Of the Events API.</param>
/// <param name="HoldAfter">How long a run may hold before somebody is called.</param>
/// <param name="Language">Of what is told.</param>
public sealed record PagerDutyOptions(Uri Address, TimeSpan HoldAfter, string Language)
    : ChannelOptions(PagerDutyKind.Name, Language)
{
    internal string RoutingKey { get; init; } = "";
}
