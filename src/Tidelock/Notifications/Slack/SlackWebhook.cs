using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Http;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Slack;

/// <summary>
/// An incoming webhook: the smaller way. It can neither edit nor answer in a thread, so that each thing that happens is a post of its own.
/// </summary>
internal sealed class SlackWebhook(string webhook, string? channel, SlackMessage message, ChannelContext context)
    : IChannel
{
    private const string Posts = "posts";

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        if (Body(view, news) is not { } body)
        {
            return Delivery.Nothing;
        }

        if (Address() is not { } address)
        {
            return Delivery.Failed(view.Identifiers, Message.Of("notifications.slack.webhook-form")) with
            {
                NeedsPerson = true,
            };
        }

        var http = new ApiHttp(new HttpAccess(address), context.Time, context.Handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = ApiJson.Content(body) };
        var reply = await http.AskAsync(request, cancellation).ConfigureAwait(false);
        var problem = reply.Problem ?? (IsTaken(reply) ? null : reply.NotAsDocumented);
        return problem is null
            ? Delivery.Sent(Counted(view))
            : Delivery.Failed(view.Identifiers, problem) with
            {
                RetryAfter = reply.RetryAfter,
                NeedsPerson = reply.Problem is not null && !reply.MayGoWellLater,
            };
    }

    /// <summary>Slack says so in a word; a page of somebody in between does not.</summary>
    private static bool IsTaken(ApiReply reply) =>
        Encoding.UTF8.GetString(reply.Body).Trim().Equals("ok", StringComparison.Ordinal);

    /// <summary>A webhook cannot be asked: it only takes posts.</summary>
    public Task<ChannelAnswer> AskAsync(CancellationToken cancellation) =>
        Task.FromResult(
            new ChannelAnswer(
                false,
                Message.Of(Address() is null ? "notifications.slack.webhook-form" : "notifications.slack.webhook-mute")
            )
        );

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news) =>
        Body(view, news) is { } body
            ? [new PreviewedNotice($"POST {channel ?? "webhook"}", ApiJson.Readable(body))]
            : [];

    /// <summary>The whole message where it is the first, the last or a person must act; lines in between; null where there is nothing.</summary>
    private JsonObject? Body(NoticeView view, IReadOnlyList<Notice> news)
    {
        var lines = message.Lines(news);
        var isWhole = news.Any(n =>
            n.Moment
                is Moment.Announced
                    or Moment.CalledOff
                    or Moment.Test
                    or Moment.Started
                    or Moment.Held
                    or Moment.RollbackStarted
                    or Moment.Suspended
                    or Moment.Ended
                    or Moment.NeedsPerson
        );
        if (isWhole)
        {
            var said = news.Any(n => n.IsAlarm) ? lines : "";
            return new JsonObject { ["text"] = message.Short(view), ["blocks"] = message.Blocks(view, said) };
        }

        return lines.Length == 0
            ? null
            : new JsonObject { ["text"] = $"{message.Head(view)}\n{lines}", ["unfurl_links"] = false };
    }

    private Uri? Address() =>
        Uri.TryCreate(webhook, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : null;

    private static ImmutableSortedDictionary<string, string> Counted(NoticeView view)
    {
        var before = int.TryParse(
            view.Identifiers.GetValueOrDefault(Posts),
            System.Globalization.CultureInfo.InvariantCulture,
            out var count
        )
            ? count
            : 0;
        return view.Identifiers.SetItem(Posts, FormattableString.Invariant($"{before + 1}"));
    }
}
