namespace Tidelock.Notifications;

/// <summary>
/// One way to tell people, or a program of theirs, what happens in a run. It is called by one caller at a time, beside the run, and may take
/// as long as its own limits let it; whatever it throws counts as a failure that is tried again.
/// </summary>
public interface IChannel
{
    /// <summary>
    /// Tells what is new. What failed, or was cut off before it was journaled, is told again, together with what happened since: a receiver may
    /// get the same thing twice, and knows it by the entry's stream and sequence.
    /// </summary>
    /// <param name="view">The run as it stands after the newest of the news.</param>
    /// <param name="news">
    /// Everything the journal holds of the run since this channel last told of it, but for what was journaled about notices; the oldest first.
    /// Most of it is no news to people: a channel picks what it tells, and answers <see cref="Delivery.Nothing"/> where there is nothing. Empty
    /// every few seconds while the run is held, for channels that tell of a hold that lasts.
    /// </param>
    Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation);

    /// <summary>Whether it would take a notice: asks, and tells nobody anything.</summary>
    Task<ChannelAnswer> AskAsync(CancellationToken cancellation);

    /// <summary>What <see cref="TellAsync"/> would send, for people to look at: nothing is sent, no secret is in it.</summary>
    IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news);
}

/// <summary>Something that would be sent.</summary>
/// <param name="Where">To what: <c>chat.postMessage #db-ops</c>.</param>
/// <param name="Body">Text or JSON, as it would be sent.</param>
public sealed record PreviewedNotice(string Where, string Body);
