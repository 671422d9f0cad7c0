using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Tidelock.Programs;

/// <summary>
/// A TCP port of 127.0.0.1 for a server that is started later, or stopped and started again: until it is disposed nobody else is given it, here or
/// in another process. It is none of those that Linux gives to outgoing connections, any of which could have it by then.
/// </summary>
internal sealed class ReservedPort : IDisposable
{
    private const int First = 20_000;
    private const int BehindLast = 32_768;
    private const int Tries = 1_000;

    /// <summary>On the UDP port of the same number, which no server needs: the kernel lets one process have it, and takes it back when that ends.</summary>
    private readonly Socket held;

    private ReservedPort(Socket held, int number) => (this.held, Number) = (held, number);

    public int Number { get; }

    /// <summary>Whether nobody listens on it or is connected by it.</summary>
    public bool IsFree
    {
        get
        {
            using var listener = new TcpListener(IPAddress.Loopback, Number);
            try
            {
                listener.Start();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    public static ReservedPort Take()
    {
        for (var tries = 1; ; tries++)
        {
            var number = RandomNumberGenerator.GetInt32(First, BehindLast);
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, number));
                var port = new ReservedPort(socket, number);
                if (port.IsFree)
                {
                    return port;
                }

                throw new SocketException((int)SocketError.AddressAlreadyInUse);
            }
            catch (SocketException) when (tries < Tries)
            {
                socket.Dispose();
            }
        }
    }

    public void Dispose() => held.Dispose();
}
