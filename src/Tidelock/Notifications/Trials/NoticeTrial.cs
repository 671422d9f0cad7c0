using Tidelock.Changes;
using Tidelock.Notifications.Sending;
using Tidelock.Runs;

namespace Tidelock.Notifications.Trials;

/// <summary>What people will be told, and whether it reaches them: before a run, so that nobody finds out at night.</summary>
public sealed class NoticeTrial
{
    private readonly ChannelFactory channels;
    private readonly TimeProvider time;

    internal NoticeTrial(ChannelFactory channels, TimeProvider time) => (this.channels, this.time) = (channels, time);

    /// <summary>What each channel would send in a run that never was. Nothing is sent.</summary>
    /// <param name="change">The change with its channels.</param>
    /// <param name="subject">The same, and where, for people.</param>
    /// <param name="method">The way back the change declares.</param>
    /// <param name="watch">How long it is watched.</param>
    public IReadOnlyList<PreviewedChannel> Preview(Change change, NoticeSubject subject, string method, TimeSpan watch)
    {
        var story = new NoticeStory(subject, method, watch, time.GetUtcNow()).Tell();
        return
        [
            .. channels
                .Of(change, time)
                .Select(c => new PreviewedChannel(
                    c.Kind,
                    c.Options.Language,
                    [.. story.SelectMany(s => c.Channel.Preview(s.View, s.News).Select(p => (s.News[^1].Moment, p)))]
                )),
        ];
    }

    /// <summary>Asks every channel whether it would take a notice, and sends those that would a trial.</summary>
    public async Task<IReadOnlyList<TriedChannel>> TryAsync(
        Change change,
        NoticeSubject subject,
        CancellationToken cancellation
    ) =>
        await Task.WhenAll(channels.Of(change, time).Select(c => TryAsync(c.Kind, c.Channel, subject, cancellation)))
            .ConfigureAwait(false);

    private async Task<TriedChannel> TryAsync(
        string kind,
        IChannel channel,
        NoticeSubject subject,
        CancellationToken cancellation
    )
    {
        var answer = await ChannelCall.AskAsync(channel, time, cancellation).ConfigureAwait(false);
        var now = time.GetUtcNow();
        var delivery = await ChannelCall
            .TellAsync(
                channel,
                new NoticeView(subject, null, RunState.Empty, null, Delivery.Nothing.Identifiers, now),
                [new Notice(Moment.Test, null, null, RunState.Empty, now)],
                time,
                cancellation
            )
            .ConfigureAwait(false);
        return new TriedChannel(kind, answer, delivery);
    }
}

/// <summary>What a channel would send.</summary>
public sealed record PreviewedChannel(
    string Channel,
    string Language,
    IReadOnlyList<(Moment Moment, PreviewedNotice Notice)> Notices
);

/// <summary>How a channel answered, and what came of a trial.</summary>
public sealed record TriedChannel(string Channel, ChannelAnswer Answer, Delivery Delivery);
