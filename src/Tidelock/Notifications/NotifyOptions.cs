namespace Tidelock.Notifications;

/// <summary>Section <c>notify:</c>: whom a run tells what happens.</summary>
/// <param name="Channels">In the order of the kinds.</param>
public sealed record NotifyOptions(IReadOnlyList<ChannelOptions> Channels)
{
    /// <summary>The channel of a kind; null where there is none.</summary>
    public T? Channel<T>()
        where T : ChannelOptions => Channels.OfType<T>().FirstOrDefault();
}
