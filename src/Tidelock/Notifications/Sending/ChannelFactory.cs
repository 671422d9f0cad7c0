using System.Net;
using Tidelock.Changes;

namespace Tidelock.Notifications.Sending;

/// <summary>Makes the channels of a change.</summary>
/// <param name="kinds">The kinds of channels there are.</param>
/// <param name="handler">What HTTP requests go through; the ordinary way where it is null.</param>
internal sealed class ChannelFactory(IReadOnlyList<IChannelKind> kinds, HttpMessageHandler? handler = null)
{
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(1);

    /// <summary>It follows no redirect, which would take a token to another host.</summary>
    private readonly HttpMessageHandler handler =
        handler
        ?? new SocketsHttpHandler
        {
            PooledConnectionLifetime = ConnectionLifetime,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
        };

    /// <summary>Those that a change declares and that something can be sent over, by the name of their kind.</summary>
    public IReadOnlyList<(string Kind, ChannelOptions Options, IChannel Channel)> Of(Change change, TimeProvider time)
    {
        var declared = change.Section<NotifyOptions>().Channels;
        var context = new ChannelContext(handler, change.Folder, time);
        return
        [
            .. from kind in kinds
            from options in declared
            where string.Equals(options.Kind, kind.Key, StringComparison.Ordinal)
            let channel = kind.Create(options, context)
            where channel is not null
            select (kind.Key, options, channel),
        ];
    }
}
