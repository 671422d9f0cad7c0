using System.Collections.Immutable;
using System.Globalization;
using Tidelock.Notifications.Http;
using Tidelock.Notifications.Words;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>Tells PagerDuty of the beginning and the end of a run, and calls whoever is on call where the run needs a person.</summary>
internal sealed class PagerDutyChannel(PagerDutyOptions options, ChannelContext context) : IChannel
{
    /// <summary>The newest entry a change event was sent about.</summary>
    private const string Told = "told";

    /// <summary>The run's incident: <c>open</c> or <c>resolved</c>.</summary>
    private const string Incident = "incident";
    private const string Open = "open";
    private const string Resolved = "resolved";

    private readonly ApiHttp http = new(new HttpAccess(options.Address), context.Time, context.Handler);
    private readonly NoticeWords words = new(options.Language);

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        var ids = view.Identifiers;
        var (sent, failed) = (false, (ApiReply?)null);
        foreach (var (e, after) in Events(view, news))
        {
            var reply = await SendAsync(e, cancellation).ConfigureAwait(false);
            failed = reply.Problem is null ? failed : failed ?? reply;
            sent |= reply.Problem is null;

            // A change that is refused for good is told no more; whoever must be called is called all the same.
            ids = reply.Problem is null || (e.IsChange && !reply.MayGoWellLater) ? after(ids) : ids;
        }

        return failed is { Problem: { } problem }
                ? Delivery.Failed(ids, problem) with
                {
                    RetryAfter = failed.RetryAfter,
                    NeedsPerson = !failed.MayGoWellLater,
                }
            : sent ? Delivery.Sent(ids)
            : Delivery.Nothing;
    }

    /// <summary>The Events API takes events and tells nothing.</summary>
    public Task<ChannelAnswer> AskAsync(CancellationToken cancellation) =>
        Task.FromResult(new ChannelAnswer(false, Message.Of("notifications.pagerduty.mute")));

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news) =>
        [
            .. Events(view, news)
                .Select(e => new PreviewedNotice(
                    $"POST {options.Address.Host}{e.Event.Path}",
                    ApiJson.Readable(e.Event.For("***"))
                )),
        ];

    /// <summary>What is to be sent, whom to call first, and what is known after each.</summary>
    private IEnumerable<(
        PagerDutyEvent Event,
        Func<ImmutableSortedDictionary<string, string>, ImmutableSortedDictionary<string, string>> After
    )> Events(NoticeView view, IReadOnlyList<Notice> news)
    {
        var alarm = news.LastOrDefault(n => n.IsAlarm);
        var need =
            view.Run is null ? null
            : alarm is not null ? PagerDutyNeed.Of(alarm)
            : PagerDutyNeed.Of(view.State, options.HoldAfter, view.Now);
        var isOpen = string.Equals(view.Identifiers.GetValueOrDefault(Incident), Open, StringComparison.Ordinal);
        if (need is not null && (alarm is not null || !isOpen))
        {
            var said = alarm is null ? words.Standing(view) : words.Line(alarm) ?? words.Standing(view);
            var summary = $"{NoticeWords.Headline(view)}: {said}";
            yield return (PagerDutyEvent.Trigger(view, need, summary), ids => ids.SetItem(Incident, Open));
        }
        else if (need is null && (isOpen || news.Any(MayEndAnIncident)))
        {
            yield return (PagerDutyEvent.Resolve(view), ids => ids.SetItem(Incident, Resolved));
        }

        foreach (var notice in news.Where(n => IsChange(n) && !IsTold(n, view)))
        {
            yield return (
                PagerDutyEvent.Change(view, notice, $"{NoticeWords.Headline(view)}: {Summary(view, notice)}"),
                ids => notice.Entry is { } entry ? ids.SetItem(Told, Text(entry.Sequence)) : ids
            );
        }
    }

    private static bool IsChange(Notice notice) =>
        notice.Moment is Moment.Started or Moment.Ended or Moment.Test
        || notice is { Moment: Moment.NeedsPerson, IsAlarm: false };

    /// <summary>A program that was killed, or whose journal was away, may have called somebody without writing it down.</summary>
    private static bool MayEndAnIncident(Notice notice) =>
        notice.Event is Runs.RunEnded or Runs.EpochTaken { Epoch: > 1 };

    private static bool IsTold(Notice notice, NoticeView view) =>
        long.TryParse(view.Identifiers.GetValueOrDefault(Told), CultureInfo.InvariantCulture, out var told)
        && notice.Entry?.Sequence <= told;

    private static string Text(long sequence) => sequence.ToString(CultureInfo.InvariantCulture);

    private string Summary(NoticeView view, Notice notice) =>
        notice.Event is Runs.RunStarted started
            ? words.Say("notifications.started", ("by", started.By), ("host", started.Host), ("target", started.Target))
            : words.Standing(view with { State = notice.State, Now = notice.At });

    private async Task<ApiReply> SendAsync(PagerDutyEvent e, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, http.At(e.Path))
        {
            Content = ApiJson.Content(e.For(options.RoutingKey)),
        };
        return await http.AskAsync(request, cancellation).ConfigureAwait(false);
    }
}
