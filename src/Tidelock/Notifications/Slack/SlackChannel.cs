using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Slack;

/// <summary>
/// One message per run, posted by a bot and edited as the run goes on; what happens stands in its thread. The message is found again by
/// channel and time stamp, which the journal keeps.
/// </summary>
internal sealed class SlackChannel(SlackApi api, string channel, SlackMessage message) : IChannel
{
    private const string ChannelId = "channel";
    private const string Stamp = "ts";

    /// <summary>How often the message is edited while only the watch goes on: a tick is no news.</summary>
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(30);

    /// <summary>Somebody deleted the message, or it may be edited no more: another one takes its place.</summary>
    private static readonly string[] Gone = ["message_not_found", "cant_update_message", "edit_window_closed"];

    private DateTimeOffset editedAt = DateTimeOffset.MinValue;

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        var lines = message.Lines(news);
        var isNews = lines.Length > 0 || news.Any(n => n.Moment is Moment.Announced or Moment.CalledOff or Moment.Test);
        if (!isNews && !IsRefreshed(view, news))
        {
            return Delivery.Nothing;
        }

        var (ids, answer) = await WriteAsync(view, cancellation).ConfigureAwait(false);
        if (answer.Problem is null && lines.Length > 0)
        {
            answer = await api.PostAsync("chat.postMessage", Reply(ids, lines, news), cancellation)
                .ConfigureAwait(false);
        }

        if (answer.Problem is { } problem)
        {
            return Delivery.Failed(ids, problem) with
            {
                RetryAfter = answer.RetryAfter,
                NeedsPerson = answer.NeedsPerson,
            };
        }

        editedAt = view.Now;
        // A message that took the place of one that is gone must be found again, however little was told.
        return isNews || ids != view.Identifiers ? Delivery.Sent(ids) : Delivery.Nothing;
    }

    public async Task<ChannelAnswer> AskAsync(CancellationToken cancellation)
    {
        var who = await api.PostAsync("auth.test", [], cancellation).ConfigureAwait(false);
        return who.Problem is { } problem
            ? new ChannelAnswer(false, problem)
            : await new SlackPlace(api, channel).AskAsync(who, cancellation).ConfigureAwait(false);
    }

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news)
    {
        var lines = message.Lines(news);
        var isFirst = news.Any(n => n.Moment is Moment.Announced or Moment.Test or Moment.Started);
        var ids = view.Identifiers.ContainsKey(Stamp) ? view.Identifiers : view.Identifiers.SetItem(Stamp, "…");
        var main = new PreviewedNotice(
            $"{(isFirst ? "chat.postMessage" : "chat.update")} {channel}",
            ApiJson.Readable(isFirst ? Post(view) : Edit(view, ids))
        );
        return lines.Length == 0
            ? [main]
            :
            [
                main,
                new PreviewedNotice($"chat.postMessage {channel} (thread)", ApiJson.Readable(Reply(ids, lines, news))),
            ];
    }

    /// <summary>Whether the message is edited although nothing happened that people are told one by one.</summary>
    private bool IsRefreshed(NoticeView view, IReadOnlyList<Notice> news) =>
        news.Any(n => n.Moment is Moment.StepStarted)
        || (news.Any(n => n.Event is WatchTicked { Baseline: false }) && view.Now - editedAt >= RefreshEvery);

    /// <summary>Edits the message, or posts it where there is none.</summary>
    private async Task<(ImmutableSortedDictionary<string, string> Ids, SlackAnswer Answer)> WriteAsync(
        NoticeView view,
        CancellationToken cancellation
    )
    {
        var ids = view.Identifiers;
        if (ids.ContainsKey(Stamp))
        {
            var edited = await api.PostAsync("chat.update", Edit(view, ids), cancellation).ConfigureAwait(false);
            if (!Gone.Contains(edited.Error, StringComparer.Ordinal))
            {
                return (ids, edited);
            }
        }

        var posted = await api.PostAsync("chat.postMessage", Post(view), cancellation).ConfigureAwait(false);
        if (posted.Problem is not null)
        {
            return (ids, posted);
        }

        return posted[Stamp] is { } stamp && posted[ChannelId] is { } id
            ? (ids.SetItem(ChannelId, id).SetItem(Stamp, stamp), posted)
            : (ids, posted with { Problem = Message.Of("notifications.slack.no-stamp") });
    }

    private JsonObject Post(NoticeView view) =>
        new()
        {
            [ChannelId] = channel,
            ["text"] = message.Short(view),
            ["blocks"] = message.Blocks(view),
            ["unfurl_links"] = false,
            ["unfurl_media"] = false,
        };

    private JsonObject Edit(NoticeView view, ImmutableSortedDictionary<string, string> ids) =>
        new()
        {
            [ChannelId] = ids.GetValueOrDefault(ChannelId, channel),
            [Stamp] = ids[Stamp],
            ["text"] = message.Short(view),
            ["blocks"] = message.Blocks(view),
        };

    /// <summary>In the thread; shown in the channel too where a person is needed, because an edit disturbs nobody.</summary>
    private JsonObject Reply(ImmutableSortedDictionary<string, string> ids, string lines, IReadOnlyList<Notice> news) =>
        new()
        {
            [ChannelId] = ids.GetValueOrDefault(ChannelId, channel),
            ["thread_ts"] = ids.GetValueOrDefault(Stamp, ""),
            ["reply_broadcast"] = news.Any(n => IsAlarm(n.Moment)),
            ["text"] = lines,
            ["unfurl_links"] = false,
            ["unfurl_media"] = false,
        };

    private static bool IsAlarm(Moment moment) =>
        moment is Moment.CalledOff or Moment.Held or Moment.RollbackStarted or Moment.Suspended or Moment.NeedsPerson;
}
