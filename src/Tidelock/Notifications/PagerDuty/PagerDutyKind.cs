using Tidelock.Changes;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>PagerDuty by its Events API v2.</summary>
internal sealed class PagerDutyKind : IChannelKind
{
    public const string Name = "pagerduty";

    private static readonly TimeSpan UsualHold = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<PagerDutyKind>("pagerduty");

    public ChannelOptions? Read(ChangeNode channel)
    {
        if (!channel.Only("routingKey", "holdAfter", "address", ChannelOptions.LanguageKey).IsMapping)
        {
            return null;
        }

        var key = channel["routingKey"].Secret("${PAGERDUTY_ROUTING_KEY}");
        var address = channel["address"].Address("https://events.pagerduty.com");
        var hold = channel["holdAfter"].Duration(UsualHold, Second, Day);
        var language = ChannelOptions.ReadLanguage(channel);
        return key is null || address is null
            ? null
            : new PagerDutyOptions(address, hold, language) { RoutingKey = key };
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options is PagerDutyOptions pagerDuty ? new PagerDutyChannel(pagerDuty, context) : null;
}
