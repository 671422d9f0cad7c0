using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A real PgBouncer in front of a test server, in one pool mode.</summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private readonly CancellationTokenSource stop;
    private readonly Task running;

    private readonly ReservedPort port;

    private PgBouncer(Task running, CancellationTokenSource stop, ReservedPort port) =>
        (this.running, this.stop, this.port) = (running, stop, port);

    public int Port => port.Number;

    public static async Task<PgBouncer> StartAsync(LocalCluster cluster, string mode)
    {
        var reserved = ReservedPort.Take();
        var port = reserved.Number;
        var settings = Path.Combine(cluster.Folder, $"pgbouncer-{port}.ini");
        var users = Path.Combine(cluster.Folder, $"pgbouncer-{port}.users");
        await File.WriteAllTextAsync(users, "\"postgres\" \"\"\n");
        await File.WriteAllTextAsync(
            settings,
            $"""
            [databases]
            * = host={cluster.SocketFolder} port={cluster.Port} user=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port.ToString(CultureInfo.InvariantCulture)}
            unix_socket_dir =
            auth_type = trust
            auth_file = {users}
            admin_users = postgres
            pool_mode = {mode}
            logfile = {cluster.Folder}/pgbouncer-{port}.log
            """
        );
        var stop = new CancellationTokenSource();
        var program = UnprivilegedUser.Run(new ChildProgram("/usr/sbin/pgbouncer", settings)) with
        {
            Grace = TimeSpan.FromSeconds(1),
        };
        var started = new PgBouncer(program.RunAsync(stop.Token), stop, reserved);
        await started.UntilListeningAsync();
        return started;
    }

    public PostgresTarget Target(string database) =>
        PostgresTarget.Parse(
            $"host=127.0.0.1 port={Port} user=postgres dbname={database}",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        port.Dispose();
    }

    private async Task UntilListeningAsync()
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                Assert.False(running.IsCompleted, "pgbouncer ended");
                Assert.True(TimeProvider.System.GetElapsedTime(since).TotalSeconds < 60, "pgbouncer does not listen");
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            }
        }
    }
}
