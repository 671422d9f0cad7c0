using Tidelock.Probes;

namespace Tidelock.Notifications.Webhook;

/// <summary><c>notify.webhook</c>: the events of a run as the journal has them, signed.</summary>
/// <param name="Access">Where they are sent.</param>
/// <param name="Ticks">Whether every tick of the watch is sent too.</param>
public sealed record WebhookOptions(HttpAccess Access, bool Ticks) : ChannelOptions(WebhookKind.Name, DefaultLanguage)
{
    /// <summary>What is sent has no language: messages are codes and arguments.</summary>
    private const string DefaultLanguage = "en";

    internal string Secret { get; init; } = "";
}
