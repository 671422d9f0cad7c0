using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>A wire between client and server that can be cut: what the client says still arrives, what the server answers does not.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int port;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource commitSeen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Relay(int port) => this.port = port;

    /// <summary>From now on the next message to the server is passed on, and its answer ends the connection.</summary>
    public bool CutAfterCommit { get; set; }

    /// <summary>What becomes of the next COMMIT and of its answer.</summary>
    public RelayedCommit Commit { get; set; }

    /// <summary>Only a COMMIT on a connection that has said this before is meant; null for any.</summary>
    public string? After { get; set; }

    /// <summary>Completes when a COMMIT was swallowed or passed on without its answer.</summary>
    public Task CommitSeen => commitSeen.Task;

    public static Task<Relay> StartAsync(int port)
    {
        var relay = new Relay(port);
        relay.listener.Start();
        _ = relay.AcceptAsync();
        return Task.FromResult(relay);
    }

    public string Through(string uri) =>
        uri.Replace(
            string.Create(CultureInfo.InvariantCulture, $":{port}/"),
            string.Create(CultureInfo.InvariantCulture, $":{((IPEndPoint)listener.LocalEndpoint).Port}/"),
            StringComparison.Ordinal
        );

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                _ = CarryAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(IPAddress.Loopback, port, stop.Token);
            var (isMute, isMeant) = (false, false);
            await Task.WhenAny(
                PumpAsync(client.GetStream(), server.GetStream(), Passes),
                PumpAsync(server.GetStream(), client.GetStream(), _ => CutAfterCommit ? null : !isMute)
            );

            bool? Passes(ReadOnlyMemory<byte> said)
            {
                isMeant |= After is null || said.Span.IndexOf(Encoding.UTF8.GetBytes(After)) >= 0;
                if (Commit == RelayedCommit.Answered || !isMeant || said.Span.IndexOf("COMMIT\0"u8) < 0)
                {
                    return true;
                }

                isMute = true;
                commitSeen.TrySetResult();
                return Commit == RelayedCommit.Unanswered;
            }
        }
    }

    /// <param name="passes">Whether what was read is passed on; null cuts the connection.</param>
    private async Task PumpAsync(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, bool?> passes)
    {
        var buffer = new byte[65536];
        try
        {
            int read;
            while (
                (read = await from.ReadAsync(buffer, stop.Token)) > 0 && passes(buffer.AsMemory(0, read)) is { } pass
            )
            {
                if (pass)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read), stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One end is gone, so the other goes too.
        }
    }
}

/// <summary>What a relay does with a COMMIT.</summary>
internal enum RelayedCommit
{
    Answered,

    /// <summary>The server gets it; its answer never arrives.</summary>
    Unanswered,

    /// <summary>The server never gets it.</summary>
    Swallowed,
}
