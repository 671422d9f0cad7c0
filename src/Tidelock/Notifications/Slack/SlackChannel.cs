using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Http;
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
    private const string Writes = "chat:write";

    /// <summary>How often the message is edited while only the watch goes on: a tick is no news.</summary>
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(30);

    /// <summary>Somebody deleted the message, or it may be edited no more: another one takes its place.</summary>
    private static readonly string[] Gone = ["message_not_found", "cant_update_message", "edit_window_closed"];

    private readonly SlackHistory history = new(api, channel);

    /// <summary>Whether nothing can stand in the channel that is not known here: false until that was looked up.</summary>
    private bool isSure;
    private bool hasPosted;
    private DateTimeOffset editedAt = DateTimeOffset.MinValue;

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        var lines = message.Lines(news);
        var isNews = lines.Length > 0 || news.Any(n => n.Moment is Moment.Announced or Moment.CalledOff or Moment.Test);
        if (!isNews && !IsRefreshed(view, news))
        {
            return Delivery.Nothing;
        }

        var (known, told, refusal) = await KnownAsync(view, news, cancellation).ConfigureAwait(false);
        if (refusal is { Problem: { } away })
        {
            return Failed(known.Identifiers, refusal, away);
        }

        var (ids, answer) = await WriteAsync(known, cancellation).ConfigureAwait(false);
        lines = message.Lines(told);
        if (answer.Problem is null && lines.Length > 0)
        {
            answer = await PostAsync(Reply(ids, lines, view, told), cancellation).ConfigureAwait(false);
        }

        if (answer.Problem is { } problem)
        {
            return Failed(ids, answer, problem);
        }

        editedAt = view.Now;
        // A message that took the place of one that is gone must be found again, however little was told.
        return isNews || ids != view.Identifiers ? Delivery.Sent(ids) : Delivery.Nothing;
    }

    private static Delivery Failed(
        ImmutableSortedDictionary<string, string> ids,
        SlackAnswer answer,
        Message problem
    ) => Delivery.Failed(ids, problem) with { RetryAfter = answer.RetryAfter, NeedsPerson = answer.NeedsPerson };

    /// <summary>
    /// What is known of the run's message, and what is still to be told. Where a program may have been killed between a post and its journal entry,
    /// or an answer was lost, Slack is asked what stands there. What it does not let the bot read is posted anew; a trouble that passes is waited
    /// for. An alarm has no time for either.
    /// </summary>
    private async Task<(NoticeView View, IReadOnlyList<Notice> News, SlackAnswer? Refusal)> KnownAsync(
        NoticeView view,
        IReadOnlyList<Notice> news,
        CancellationToken cancellation
    )
    {
        if (isSure || news.Any(n => n.IsAlarm) || (!hasPosted && IsFirst(news)))
        {
            return (view, news, null);
        }

        var (ids, told) = (view.Identifiers, news);
        SlackAnswer? refusal = null;
        if (!ids.ContainsKey(Stamp))
        {
            (var found, refusal) = await history.FindAsync(view, cancellation).ConfigureAwait(false);
            ids = found is null ? ids : ids.SetItem(ChannelId, found.ChannelId).SetItem(Stamp, found.Stamp);
        }

        if (refusal is null && ids.TryGetValue(Stamp, out var stamp))
        {
            var post = new SlackStamp(ids.GetValueOrDefault(ChannelId, channel), stamp);
            (told, refusal) = await history.UntoldAsync(view, news, post, cancellation).ConfigureAwait(false);
        }

        isSure = refusal is null or { NeedsPerson: true };
        return (view with { Identifiers = ids }, told, isSure ? null : refusal);
    }

    /// <summary>Whether nobody can have told anything before: a trial, and a run that this program has begun.</summary>
    private static bool IsFirst(IReadOnlyList<Notice> news) =>
        news.Any(n => n.Moment is Moment.Test)
        || (news.Any(n => n.Event is RunStarted) && !news.Any(n => n.Event is EpochTaken { Epoch: > 1 }));

    /// <summary>Posts. Where no answer comes, nobody knows whether it stands there.</summary>
    private async Task<SlackAnswer> PostAsync(JsonObject body, CancellationToken cancellation)
    {
        (isSure, hasPosted) = (false, true);
        var answer = await api.PostAsync("chat.postMessage", body, cancellation).ConfigureAwait(false);
        isSure = answer.Json is not null;
        return answer;
    }

    public async Task<ChannelAnswer> AskAsync(CancellationToken cancellation)
    {
        var who = await api.PostAsync("auth.test", [], cancellation).ConfigureAwait(false);
        if (who.Problem is { } problem)
        {
            return new ChannelAnswer(false, problem);
        }

        return who.Scopes?.Contains(Writes, StringComparer.Ordinal) != true
            ? new ChannelAnswer(
                false,
                Message.Of("notifications.slack.no-scope", ("user", who["user"]), ("scope", Writes))
            )
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
                new PreviewedNotice(
                    $"chat.postMessage {channel} (thread)",
                    ApiJson.Readable(Reply(ids, lines, view, news))
                ),
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

        var posted = await PostAsync(Post(view), cancellation).ConfigureAwait(false);
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
            ["metadata"] = SlackHistory.Mark(view),
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
            ["metadata"] = SlackHistory.Mark(view),
        };

    /// <summary>In the thread; shown in the channel too where a person is needed, because an edit disturbs nobody.</summary>
    private JsonObject Reply(
        ImmutableSortedDictionary<string, string> ids,
        string lines,
        NoticeView view,
        IReadOnlyList<Notice> news
    ) =>
        new()
        {
            [ChannelId] = ids.GetValueOrDefault(ChannelId, channel),
            ["thread_ts"] = ids.GetValueOrDefault(Stamp, ""),
            ["reply_broadcast"] = news.Any(n => IsAlarm(n.Moment)),
            ["text"] = lines,
            ["metadata"] = SlackHistory.Mark(view, news),
            ["unfurl_links"] = false,
            ["unfurl_media"] = false,
        };

    private static bool IsAlarm(Moment moment) =>
        moment is Moment.CalledOff or Moment.Held or Moment.RollbackStarted or Moment.Suspended or Moment.NeedsPerson;
}
