using System.Net;
using System.Net.Sockets;
using Tidelock.Programs;

namespace Tidelock.Tests.Programs;

public sealed class ReservedPortTests
{
    [Fact]
    public void Ports_held_at_once_differ_can_be_listened_on_and_are_none_that_outgoing_connections_get()
    {
        var ports = Enumerable.Range(0, 100).Select(_ => ReservedPort.Take()).ToList();
        Assert.Distinct(ports.Select(p => p.Number));
        Assert.All(
            ports,
            port =>
            {
                Assert.InRange(port.Number, 20_000, 32_767);
                Assert.True(port.IsFree);
                using var listener = new TcpListener(IPAddress.Loopback, port.Number);
                listener.Start();
                Assert.False(port.IsFree);
            }
        );
        ports.ForEach(p => p.Dispose());
    }

    [Fact]
    public void A_port_is_held_against_whoever_asks_in_this_way_until_it_is_disposed()
    {
        using var port = ReservedPort.Take();
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var place = new IPEndPoint(IPAddress.Loopback, port.Number);
        Assert.Equal(
            SocketError.AddressAlreadyInUse,
            Assert.Throws<SocketException>(() => other.Bind(place)).SocketErrorCode
        );
        port.Dispose();
        other.Bind(place);
    }
}
