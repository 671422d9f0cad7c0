using System.Net;
using System.Net.Sockets;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class ConnectionFailureTests(PostgresServer server)
{
    private LocalCluster Cluster => server.Cluster;

    [Fact]
    public async Task A_wrong_password_is_said_to_be_one_and_not_repeated()
    {
        var e = await FailAsync($"postgresql://postgres:c4nary@127.0.0.1:{Cluster.Port}/postgres", "wrong-password");
        Assert.DoesNotContain("c4nary", e.ToString(), StringComparison.Ordinal);
        Assert.Contains("postgres", e.Problem.Arguments["user"], StringComparison.Ordinal);
    }

    [Fact]
    public Task A_missing_password_is_asked_for() =>
        FailAsync($"postgresql://postgres@127.0.0.1:{Cluster.Port}/postgres", "no-password");

    [Fact]
    public async Task A_password_file_that_was_ignored_is_named()
    {
        var file = Path.GetTempFileName();
        File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        var e = await FailAsync(
            $"host=127.0.0.1 port={Cluster.Port} user=postgres passfile={file}",
            "password-file-open"
        );
        Assert.Equal(file, e.Problem.Arguments["file"]);
        File.Delete(file);
    }

    [Fact]
    public Task A_server_without_TLS_is_told_apart() =>
        FailAsync($"host=127.0.0.1 port={Cluster.Port} user=postgres password=not-the-one sslmode=require", "tls");

    [Fact]
    public Task A_role_that_does_not_exist_is_not_admitted() =>
        FailAsync($"host={Cluster.SocketFolder} port={Cluster.Port} user=nobody_here dbname=postgres", "not-admitted");

    [Fact]
    public async Task A_database_that_does_not_exist_is_named()
    {
        var e = await FailAsync(Cluster.Target("no such database"), "no-database");
        Assert.Contains("\"no such database\"", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_is_told_from_a_host_that_is_not_known()
    {
        using var closed = Closed();
        await FailAsync($"postgresql://u:not-the-one@127.0.0.1:{PortOf(closed)}/d", "refused");
        await FailAsync("postgresql://u:not-the-one@no-such-host.invalid/d", "host-not-found");
        await FailAsync("host=/nowhere user=u", "no-socket");
    }

    [Fact]
    public async Task With_several_hosts_the_first_ones_trouble_is_told_and_any_that_works_is_used()
    {
        using var socket = Closed();
        var closed = PortOf(socket);
        await FailAsync($"postgresql://u:not-the-one@127.0.0.1:{closed},127.0.0.1:{closed}/d", "refused");
        var target = Parse(
            $"host={Cluster.SocketFolder},{Cluster.SocketFolder} port={closed},{Cluster.Port} user=postgres "
                + "target_session_attrs=read-write"
        );
        await using var session = await PostgresSession.OpenAsync(target, "t", CancellationToken.None);
        Assert.Equal(1, await session.ScalarAsync<int>("select 1", CancellationToken.None));
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up_in_time()
    {
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        var port = ((IPEndPoint)deaf.LocalEndpoint).Port;
        await FailAsync($"postgresql://u:not-the-one@127.0.0.1:{port}/d?connect_timeout=1", "timed-out");
    }

    [Fact]
    public async Task A_full_server_says_so_and_so_does_a_database_one_may_not_enter()
    {
        await using var database = await server.CreateDatabaseAsync();
        var role = database.Name + "_r";
        await database.ExecuteAsync($"create role {role} login connection limit 0");
        await FailAsync(database.TargetAs(role), "too-many");
        await database.ExecuteAsync(
            $"alter role {role} connection limit -1; revoke connect on database {database.Name} from public"
        );
        await FailAsync(database.TargetAs(role), "no-privilege");
        await database.ExecuteAsync($"drop role {role}");
    }

    [Theory]
    [InlineData("standby", true)]
    [InlineData("read-only", true)]
    [InlineData("primary", false)]
    [InlineData("prefer-standby", false)]
    public async Task A_single_host_is_held_to_target_session_attrs_too(string wanted, bool refused)
    {
        var text = $"host={Cluster.SocketFolder} port={Cluster.Port} user=postgres target_session_attrs={wanted}";
        if (refused)
        {
            await FailAsync(text, "other-kind");
        }
        else
        {
            await (await PostgresSession.OpenAsync(Parse(text), "t", CancellationToken.None)).DisposeAsync();
        }
    }

    [Fact]
    public async Task A_server_that_is_shutting_down_is_not_ready()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using (await PostgresSession.OpenAsync(cluster.Target(), "t", CancellationToken.None))
        {
            var stopping = cluster.StopServerAsync("smart", CancellationToken.None);
            var e = await UntilRefusedAsync(cluster.Target());
            Assert.Equal("postgres.connect.not-ready", e.Problem.Code);
            await cluster.StopServerAsync("fast", CancellationToken.None);
            await stopping;
        }
    }

    private static async Task<TidelockException> UntilRefusedAsync(PostgresTarget target)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            try
            {
                await (await PostgresSession.OpenAsync(target, "t", patience.Token)).DisposeAsync();
            }
            catch (TidelockException e)
            {
                return e;
            }
        }
    }

    private static Task<TidelockException> FailAsync(string text, string code) => FailAsync(Parse(text), code);

    private static async Task<TidelockException> FailAsync(PostgresTarget target, string code)
    {
        var e = await Assert.ThrowsAsync<TidelockException>(() =>
            PostgresSession.OpenAsync(target, "t", CancellationToken.None)
        );
        Assert.Equal("postgres.connect." + code, e.Problem.Code);
        Assert.Equal(ExitCode.Refused, e.ExitCode);
        return e;
    }

    private static PostgresTarget Parse(string text) =>
        PostgresTarget.Parse(text, new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = "/nowhere" });

    /// <summary>A port that is somebody's, so that nobody else listens on it, and that refuses whoever connects.</summary>
    private static Socket Closed()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
