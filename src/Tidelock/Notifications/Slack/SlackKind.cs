using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Slack;

/// <summary>Slack: a bot that edits one message, an incoming webhook that posts, or only the name of a channel where people write themselves.</summary>
internal sealed class SlackKind : IChannelKind
{
    public const string Name = "slack";

    /// <summary>A shorter one is no secret.</summary>
    private const int ShortestPath = 8;

    private const string UsualApi = "https://slack.com/api";

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<SlackKind>("slack");

    public ChannelOptions? Read(ChangeNode channel)
    {
        if (!channel.Only("channel", "token", "webhook", "api", ChannelOptions.LanguageKey).IsMapping)
        {
            return null;
        }

        if (channel["token"].Exists && channel["webhook"].Exists)
        {
            channel.MistakeAtKey("webhook", Message.Of("notifications.slack.both"));
        }

        if (!channel["webhook"].Exists)
        {
            channel["channel"].Require();
        }

        return new SlackOptions(
            channel["channel"].Exists ? channel["channel"].ExpandedText() : null,
            channel["api"].Address(UsualApi) ?? new Uri(UsualApi),
            ChannelOptions.ReadLanguage(channel)
        )
        {
            Token = channel["token"].Secret(),
            Webhook = ReadWebhook(channel["webhook"]),
        };
    }

    /// <summary>What is secret of such an address is its path, which a server that refuses it likes to repeat.</summary>
    private static string? ReadWebhook(ChangeNode node)
    {
        var webhook = node.Secret();
        if (Uri.TryCreate(webhook, UriKind.Absolute, out var address) && address.AbsolutePath.Length > ShortestPath)
        {
            Secrets.OfProcess.Add(address.PathAndQuery);
            Secrets.OfProcess.Add(address.AbsolutePath);
        }

        return webhook;
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options switch
        {
            SlackOptions { Token: { } token, Channel: { } name } slack => new SlackChannel(
                new SlackApi(slack.Api, token, context),
                name,
                new SlackMessage(slack.Language)
            ),
            SlackOptions { Webhook: { } webhook } slack => new SlackWebhook(
                webhook,
                slack.Channel,
                new SlackMessage(slack.Language),
                context
            ),
            _ => null,
        };
}
