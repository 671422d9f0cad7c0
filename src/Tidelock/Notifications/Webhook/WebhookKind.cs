using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Webhook;

/// <summary>A signed webhook, as the specification Standard Webhooks has it.</summary>
internal sealed class WebhookKind : IChannelKind
{
    public const string Name = "webhook";

    /// <summary>A shorter path is no secret.</summary>
    private const int ShortestPath = 8;

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<WebhookKind>("webhook");

    public ChannelOptions? Read(ChangeNode channel)
    {
        var access = HttpAccess.ReadMapping(channel, "secret", "ticks");
        Hide(channel["address"], access?.Address);
        channel["secret"].Require();
        var secret = channel["secret"].Secret();
        var ticks = channel["ticks"].Flag(false);
        return access is null || secret is null ? null : new WebhookOptions(access, ticks) { Secret = secret };
    }

    /// <summary>Many receivers have their key in the path, and one that refuses it likes to repeat it. A path that is written out is no secret.</summary>
    private static void Hide(ChangeNode written, Uri? address)
    {
        if (
            written.Scalar?.Text is { } text
            && text.Contains("${", StringComparison.Ordinal)
            && address is { IsAbsoluteUri: true, PathAndQuery.Length: > ShortestPath }
            && !text.EndsWith(address.PathAndQuery, StringComparison.Ordinal)
        )
        {
            Secrets.OfProcess.Add(address.PathAndQuery);
        }
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options is WebhookOptions webhook ? new WebhookChannel(webhook, context) : null;
}
