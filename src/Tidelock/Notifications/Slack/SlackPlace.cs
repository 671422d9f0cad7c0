using System.Text.Json;
using System.Text.RegularExpressions;
using Tidelock.Texts;

namespace Tidelock.Notifications.Slack;

/// <summary>The channel of Slack where a bot is to write: whether it is there and lets the bot in.</summary>
internal sealed partial class SlackPlace(SlackApi api, string channel)
{
    /// <summary>A thousand channels each.</summary>
    private const int MostPages = 20;

    /// <param name="who">What Slack said to <c>auth.test</c>.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<ChannelAnswer> AskAsync(SlackAnswer who, CancellationToken cancellation)
    {
        var (place, refusal) = IdForm().IsMatch(channel)
            ? await ByIdAsync(cancellation).ConfigureAwait(false)
            : await ByNameAsync(cancellation).ConfigureAwait(false);
        return place is { } found
            ? Answer(found, who)
            : new ChannelAnswer(
                false,
                refusal?.Problem
                    ?? Message.Of("notifications.slack.no-channel", ("channel", channel), ("team", who["team"]))
            );
    }

    /// <summary>The channel's id, which methods that read take alone; null where there is none, with what Slack said instead.</summary>
    public async Task<(string? Id, SlackAnswer? Refusal)> IdAsync(CancellationToken cancellation)
    {
        if (IdForm().IsMatch(channel))
        {
            return (channel, null);
        }

        var (place, refusal) = await ByNameAsync(cancellation).ConfigureAwait(false);
        return (place?.Text("id"), refusal);
    }

    private ChannelAnswer Answer(JsonElement place, SlackAnswer who)
    {
        if (Is(place, "is_archived"))
        {
            return new ChannelAnswer(false, Message.Of("notifications.slack.archived", ("channel", channel)));
        }

        return Is(place, "is_member")
            ? new ChannelAnswer(
                true,
                Message.Of(
                    "notifications.slack.answers",
                    ("channel", channel),
                    ("user", who["user"]),
                    ("team", who["team"])
                )
            )
            : new ChannelAnswer(
                false,
                Message.Of("notifications.slack.not-in", ("channel", channel), ("user", who["user"]))
            );
    }

    private async Task<(JsonElement? Place, SlackAnswer? Refusal)> ByIdAsync(CancellationToken cancellation)
    {
        var answer = await api.GetAsync("conversations.info", $"channel={Uri.EscapeDataString(channel)}", cancellation)
            .ConfigureAwait(false);
        return answer.Json is { } json && json.TryGetProperty("channel", out var place)
            ? (place, null)
            : (null, answer.Error is "channel_not_found" ? null : answer);
    }

    /// <summary>Slack finds no channel by its name: all that the bot sees are looked through.</summary>
    private async Task<(JsonElement? Place, SlackAnswer? Refusal)> ByNameAsync(CancellationToken cancellation)
    {
        var cursor = "";
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await api.GetAsync(
                    "conversations.list",
                    $"types=public_channel,private_channel&limit=1000&cursor={Uri.EscapeDataString(cursor)}",
                    cancellation
                )
                .ConfigureAwait(false);
            if (answer.Problem is not null || answer.Json is not { } json)
            {
                return (null, answer);
            }

            if (Find(json) is { } place)
            {
                return (place, null);
            }

            cursor = answer.Cursor;
            if (cursor.Length == 0)
            {
                return (null, null);
            }
        }

        return (null, SlackAnswer.Refusing(Message.Of("notifications.slack.too-many", ("channel", channel))));
    }

    private JsonElement? Find(JsonElement json)
    {
        var name = channel.TrimStart('#');
        if (!json.TryGetProperty("channels", out var channels) || channels.ValueKind is not JsonValueKind.Array)
        {
            return null;
        }

        foreach (var place in channels.EnumerateArray())
        {
            if (place.TryGetProperty("name", out var its) && its.ValueEquals(name))
            {
                return place;
            }
        }

        return null;
    }

    private static bool Is(JsonElement place, string flag) =>
        place.TryGetProperty(flag, out var value) && value.ValueKind is JsonValueKind.True;

    [GeneratedRegex("^[CGD][A-Z0-9]{7,}$", RegexOptions.None, 1000)]
    private static partial Regex IdForm();
}
