using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tidelock.Notifications.Slack;

/// <summary>
/// What a bot has written, as Slack remembers it: each message carries what it is of as metadata, so that what was sent and not written down is
/// found. Reading takes scopes that writing does not; without them nothing is found.
/// </summary>
internal sealed class SlackHistory(SlackApi api, string channel)
{
    private const string Run = "tidelock_run";
    private const string News = "tidelock_news";
    private const string Of = "of";
    private const string Upto = "upto";

    /// <summary>As many as Slack gives at once; a message is looked for among the newest.</summary>
    private const int Most = 200;

    /// <summary>What a run's message, or that of its announcement, carries.</summary>
    public static JsonObject Mark(NoticeView view) => Metadata(Run, new JsonObject { [Of] = KeyOf(view) });

    /// <summary>What an answer in its thread carries: the hash of the newest event that it tells.</summary>
    public static JsonObject Mark(NoticeView view, IReadOnlyList<Notice> news) =>
        Metadata(
            News,
            new JsonObject
            {
                [Of] = KeyOf(view),
                [Upto] = news.LastOrDefault(n => n.Entry is not null)?.Entry!.Hash ?? "",
            }
        );

    /// <summary>What a channel finds the message of a run by, and what Slack refuses; both null where there is none.</summary>
    public async Task<(SlackStamp? Post, SlackAnswer? Refusal)> FindAsync(
        NoticeView view,
        CancellationToken cancellation
    )
    {
        var (id, refusal) = await new SlackPlace(api, channel).IdAsync(cancellation).ConfigureAwait(false);
        if (id is null)
        {
            return (null, refusal);
        }

        var query = $"channel={Uri.EscapeDataString(id)}&include_all_metadata=true&limit={Most}";
        var answer = await api.GetAsync("conversations.history", query, cancellation).ConfigureAwait(false);
        var stamp = Marked(answer, Run, view).Select(m => m.Message.Text("ts")).FirstOrDefault();
        return (stamp is null ? null : new SlackStamp(id, stamp), answer.Problem is null ? null : answer);
    }

    /// <summary>The news without what was told in the thread of the run's message, and what Slack refuses.</summary>
    public async Task<(IReadOnlyList<Notice> Left, SlackAnswer? Refusal)> UntoldAsync(
        NoticeView view,
        IReadOnlyList<Notice> news,
        SlackStamp post,
        CancellationToken cancellation
    )
    {
        var told = new HashSet<string?>(StringComparer.Ordinal);
        var cursor = "";
        while (true)
        {
            var query =
                $"channel={Uri.EscapeDataString(post.ChannelId)}&ts={post.Stamp}&include_all_metadata=true&limit={Most}&cursor={Uri.EscapeDataString(cursor)}";
            var answer = await api.GetAsync("conversations.replies", query, cancellation).ConfigureAwait(false);
            told.UnionWith(Marked(answer, News, view).Select(m => m.Payload.Text(Upto)));
            cursor = answer.Cursor;
            if (cursor.Length == 0)
            {
                var last = news.ToList().FindLastIndex(n => n.Entry is { } entry && told.Contains(entry.Hash));
                return ([.. news.Skip(last + 1)], answer.Problem is null ? null : answer);
            }
        }
    }

    private static string KeyOf(NoticeView view) =>
        view.Run is { } run
            ? run.Value
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{view.Subject.Digest}/{view.Subject.TargetEnvironment}/{view.StartsAt?.ToUnixTimeSeconds()}"
            );

    private static JsonObject Metadata(string type, JsonObject payload) =>
        new() { ["event_type"] = type, ["event_payload"] = payload };

    /// <summary>The marks of what was written of this run; the newest first, as Slack gives them.</summary>
    private static IEnumerable<(JsonElement Message, JsonElement Payload)> Marked(
        SlackAnswer answer,
        string type,
        NoticeView view
    )
    {
        var key = KeyOf(view);
        return from message in Items(answer.Json?.Part("messages"))
            where message.Part("metadata")?.Text("event_type") == type
            let payload = message.Part("metadata")?.Part("event_payload")
            where payload?.Text(Of) == key
            select (message, payload.Value);
    }

    private static IEnumerable<JsonElement> Items(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];
}

/// <summary>A message of Slack: the channel's id and the time stamp.</summary>
internal sealed record SlackStamp(string ChannelId, string Stamp);
