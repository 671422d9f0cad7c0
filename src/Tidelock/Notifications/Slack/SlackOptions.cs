namespace Tidelock.Notifications.Slack;

/// <summary><c>notify.slack</c>.</summary>
/// <param name="Channel">For example <c>#db-ops</c>, or its id; null for the one a webhook belongs to.</param>
/// <param name="Api">Where Slack's Web API is.</param>
/// <param name="Language">Of what is told.</param>
public sealed record SlackOptions(string? Channel, Uri Api, string Language) : ChannelOptions(SlackKind.Name, Language)
{
    /// <summary>A bot's token; null for none.</summary>
    internal string? Token { get; init; }

    /// <summary>The address of an incoming webhook, which is a secret; null for none.</summary>
    internal string? Webhook { get; init; }
}
