using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;
using Tidelock.Notifications.Http;
using Tidelock.Notifications.Sending;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Webhook;

/// <summary>Sends every event of a run in order, each the bytes that the journal stores, until the receiver has taken it.</summary>
internal sealed class WebhookChannel(WebhookOptions options, ChannelContext context) : IChannel
{
    private readonly ApiHttp http = new(options.Access, context.Time, context.Handler);
    private readonly EventCursor cursor = new();

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        var (sent, refused) = (false, (ApiReply?)null);
        var told = Told(view, news).ToList();
        foreach (var notice in told)
        {
            var reply = await SendAsync(view, notice, cancellation).ConfigureAwait(false);
            if (reply.Problem is not null && !IsAboutTheEvent(reply.Status))
            {
                return Failed(view, reply);
            }

            cursor.Took(notice);
            (sent, refused) = (true, reply.Problem is null ? refused : refused ?? reply);
        }

        return refused is not null ? Failed(view, refused)
            : sent
                ? Delivery.Sent(cursor.Identifiers(view)) with
                {
                    MayWait = told.TrueForAll(n => n.Event is WatchTicked),
                }
            : Delivery.Nothing;
    }

    /// <summary>Whether the receiver refuses this one event for good, which must not keep it from the others: too large, or of a kind it does not know.</summary>
    private static bool IsAboutTheEvent(int status) => status is 400 or 413 or 415 or 422;

    private Delivery Failed(NoticeView view, ApiReply reply) =>
        Delivery.Failed(cursor.Identifiers(view), reply.Problem!) with
        {
            RetryAfter = reply.RetryAfter,
            NeedsPerson = !reply.MayGoWellLater,
        };

    /// <summary>A receiver of events cannot be asked anything.</summary>
    public Task<ChannelAnswer> AskAsync(CancellationToken cancellation) =>
        Task.FromResult(new ChannelAnswer(false, Message.Of("notifications.webhook.mute")));

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news) =>
        [
            .. Told(view, news)
                .Select(n => new PreviewedNotice($"POST {options.Access.Address.Host}", WebhookEvent.Of(view, n).Body)),
        ];

    private IEnumerable<Notice> Told(NoticeView view, IReadOnlyList<Notice> news) =>
        news.Where(n => n.Entry is not null || n.IsAlarm || n.Moment is Moment.Test)
            .Where(n => options.Ticks || n.Event is not WatchTicked)
            .Where(n => cursor.IsNew(view, n));

    private async Task<ApiReply> SendAsync(NoticeView view, Notice notice, CancellationToken cancellation)
    {
        var sent = WebhookEvent.Of(view, notice);
        var body = Encoding.UTF8.GetBytes(sent.Body);
        var now = context.Time.GetUtcNow();
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Access.Address)
        {
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json, "utf-8");
        request.Headers.Add("webhook-id", sent.Id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Of(options.Secret, sent.Id, now, body));
        foreach (var (name, value) in sent.Headers)
        {
            request.Headers.Add(name, value);
        }

        return await http.AskAsync(request, cancellation).ConfigureAwait(false);
    }
}
