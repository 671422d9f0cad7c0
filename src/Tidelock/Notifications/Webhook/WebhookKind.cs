using Tidelock.Changes;
using Tidelock.Probes;

namespace Tidelock.Notifications.Webhook;

/// <summary>A signed webhook, as the specification Standard Webhooks has it.</summary>
internal sealed class WebhookKind : IChannelKind
{
    public const string Name = "webhook";

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<WebhookKind>("webhook");

    public ChannelOptions? Read(ChangeNode channel)
    {
        var access = HttpAccess.ReadMapping(channel, "secret", "ticks");
        channel["secret"].Require();
        var secret = channel["secret"].Secret();
        var ticks = channel["ticks"].Flag(false);
        return access is null || secret is null ? null : new WebhookOptions(access, ticks) { Secret = secret };
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options is WebhookOptions webhook ? new WebhookChannel(webhook, context) : null;
}
