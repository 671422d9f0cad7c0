using Tidelock.Changes;

namespace Tidelock.Notifications;

/// <summary>
/// A kind of channel: a folder, and a line in the list of kinds. Reading adds mistakes instead of throwing, is pure, and happens more than
/// once.
/// </summary>
public interface IChannelKind
{
    /// <summary>Its key under <c>notify:</c>, and its name in journals: <c>slack</c>.</summary>
    string Key { get; }

    /// <summary>The schema of <c>notify.KEY</c>: a JSON object in a <c>.schema.json</c> file beside the class.</summary>
    string SchemaFragment { get; }

    /// <summary>What the author wrote; null where a mistake leaves nothing.</summary>
    /// <param name="channel">The value of the key; it is there.</param>
    ChannelOptions? Read(ChangeNode channel);

    /// <summary>The channel; null where what is declared only names it for people. Nothing is opened before the first notice.</summary>
    IChannel? Create(ChannelOptions options, ChannelContext context);
}

/// <summary>What channels send with.</summary>
/// <param name="Handler">What HTTP requests go through. Shared: a channel does not dispose it.</param>
/// <param name="Folder">The change's folder.</param>
/// <param name="Time">The clock.</param>
public sealed record ChannelContext(HttpMessageHandler Handler, string Folder, TimeProvider Time);
