using System.Collections.Immutable;
using Tidelock.Notifications.Http;
using Tidelock.Texts;

namespace Tidelock.Notifications.Grafana;

/// <summary>
/// Shows a run on dashboards: an annotation from its start, which becomes a region when it ends; another one for its way back.
/// </summary>
internal sealed class GrafanaChannel(GrafanaOptions options, ChannelContext context) : IChannel
{
    private const int NotFound = 404;

    private readonly GrafanaApi api = new(options.Access, context);
    private readonly GrafanaRegions regions = new(options);

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        if (news.Any(n => n.Moment is Moment.Test))
        {
            var trial = await api.CreateAsync(regions.Trial(view).Made(options), cancellation).ConfigureAwait(false);
            return Told(view.Identifiers, trial);
        }

        var ids = view.Identifiers;
        var told = Delivery.Nothing;
        foreach (var region in regions.Of(view, news))
        {
            (ids, var reply) = await ShowAsync(region, ids, cancellation).ConfigureAwait(false);
            told = Told(ids, reply);
            if (told.Problem is not null)
            {
                return told;
            }
        }

        return told;
    }

    public async Task<ChannelAnswer> AskAsync(CancellationToken cancellation)
    {
        var reply = options.Dashboard is { } dashboard
            ? await api.DashboardAsync(dashboard, cancellation).ConfigureAwait(false)
            : await api.FindAsync([GrafanaRegions.Tag], cancellation).ConfigureAwait(false);
        return reply switch
        {
            { Status: NotFound } when options.Dashboard is { } uid => new ChannelAnswer(
                false,
                Message.Of("notifications.grafana.no-dashboard", ("uid", uid))
            ),
            { Problem: { } problem } => new ChannelAnswer(false, problem),
            _ when reply.Json() is null => new ChannelAnswer(false, reply.NotAsDocumented),
            _ => new ChannelAnswer(
                true,
                Message.Of("notifications.grafana.answers", ("host", options.Access.Address.Host))
            ),
        };
    }

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news) =>
        [
            .. regions
                .Of(view, news)
                .Select(r => new PreviewedNotice(
                    r.Until is null || r.IsMoment
                        ? $"POST {options.Access.Address.Host}{GrafanaApi.Path}"
                        : $"PATCH {options.Access.Address.Host}{GrafanaApi.Path}/ID",
                    ApiJson.Readable(r.Until is null || r.IsMoment ? r.Made(options) : r.Changed())
                )),
        ];

    /// <summary>
    /// Makes a region or changes the one that is there. It is looked for first, by a tag of its own: a program that was killed may have made it
    /// without writing that down. One that somebody deleted is made anew.
    /// </summary>
    private async Task<(ImmutableSortedDictionary<string, string> Ids, ApiReply Reply)> ShowAsync(
        GrafanaRegion region,
        ImmutableSortedDictionary<string, string> ids,
        CancellationToken cancellation
    )
    {
        var (id, reply) = await FindAsync(region, ids, cancellation).ConfigureAwait(false);
        if (id is not null)
        {
            reply = await api.ChangeAsync(id, region.Changed(), cancellation).ConfigureAwait(false);
        }

        if (id is null ? reply.Problem is null : reply.Status == NotFound)
        {
            reply = await api.CreateAsync(region.Made(options), cancellation).ConfigureAwait(false);
            id = reply.Problem is null ? GrafanaApi.IdIn(reply) : null;
            reply = id is null ? reply with { Problem = reply.Problem ?? reply.NotAsDocumented } : reply;
        }

        ids = id is null ? ids : ids.SetItem(region.Name, id);
        return (
            reply.Problem is null && region.Until is not null
                ? ids.SetItem(GrafanaRegions.Ended(region.Name), "yes")
                : ids,
            reply
        );
    }

    /// <summary>The id of a region's annotation; null with no problem where there is none.</summary>
    private async Task<(string? Id, ApiReply Reply)> FindAsync(
        GrafanaRegion region,
        ImmutableSortedDictionary<string, string> ids,
        CancellationToken cancellation
    )
    {
        if (ids.TryGetValue(region.Name, out var known))
        {
            return (known, ApiReply.Unasked);
        }

        var reply = await api.FindAsync([GrafanaRegions.Tag, region.Tag], cancellation).ConfigureAwait(false);
        return (reply.Problem is null ? GrafanaApi.IdIn(reply) : null, reply);
    }

    private static Delivery Told(ImmutableSortedDictionary<string, string> ids, ApiReply reply) =>
        reply.Problem is { } problem
            ? Delivery.Failed(ids, problem) with
            {
                RetryAfter = reply.RetryAfter,
                NeedsPerson = !reply.MayGoWellLater,
            }
            : Delivery.Sent(ids);
}
