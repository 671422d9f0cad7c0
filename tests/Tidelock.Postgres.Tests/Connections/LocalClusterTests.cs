using System.Diagnostics;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class LocalClusterTests(PostgresServer server)
{
    [Fact]
    public async Task A_cluster_answers_over_its_port_and_its_socket_and_is_gone_when_disposed()
    {
        string folder;
        await using (var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None))
        {
            folder = cluster.Folder;
            foreach (var target in new[] { cluster.Target(), cluster.TargetAs("postgres", "postgres") })
            {
                await using var session = await PostgresSession.OpenAsync(target, "test", CancellationToken.None);
                Assert.Equal(1, await session.ScalarAsync<int>("select 1", CancellationToken.None));
            }
        }

        Assert.False(Directory.Exists(folder));
        // The server removes the file that tells of it before it ends.
        await Polling.UntilAsync(() => Task.FromResult(!AllCommandLines().Contains(folder, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_cluster_that_does_not_start_says_why_and_leaves_nothing_behind()
    {
        var parent = Directory.CreateTempSubdirectory("tl-parent-");
        File.SetUnixFileMode(parent.FullName, (UnixFileMode)0b111_111_111);
        var options = new LocalClusterOptions
        {
            Parent = parent.FullName,
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["shared_buffers"] = "nonsense" },
        };
        var e = await Assert.ThrowsAsync<TidelockException>(() =>
            LocalCluster.StartAsync(options, CancellationToken.None)
        );
        Assert.Equal("postgres.cluster.failed", e.Problem.Code);
        Assert.Contains("shared_buffers", e.Message, StringComparison.Ordinal);
        Assert.Empty(parent.EnumerateFileSystemInfos());
        parent.Delete();
    }

    [Fact]
    public async Task A_cluster_that_does_not_listen_on_TCP_is_reached_through_its_socket_alone()
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions { ListensOnTcp = false },
            CancellationToken.None
        );
        await using var session = await PostgresSession.OpenAsync(cluster.Target(), "test", CancellationToken.None);
        Assert.Equal("", await session.ScalarAsync<string>("show listen_addresses", CancellationToken.None));
        Assert.StartsWith("/", cluster.Target().Host, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_crashed_comes_back_on_the_same_port()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        var port = cluster.Port;
        await cluster.RestartAsync("immediate", CancellationToken.None);
        Assert.Equal(port, cluster.Port);
        await using var session = await PostgresSession.OpenAsync(cluster.Target(), "test", CancellationToken.None);
    }

    [Fact]
    public void The_server_has_a_session_of_its_own_so_Ctrl_C_does_not_reach_it()
    {
        var pid = File.ReadLines(Path.Combine(server.Cluster.Folder, "data", "postmaster.pid")).First();
        Assert.NotEqual(SessionOf(Environment.ProcessId.ToString(null as IFormatProvider)), SessionOf(pid));
    }

    [Fact]
    public async Task Each_test_gets_a_database_that_is_gone_afterwards()
    {
        var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table t (i int); insert into t values (7)");
        Assert.Equal(["7"], await database.RowsAsync("select i from t"));
        await database.DisposeAsync();
        await using var other = await server.CreateDatabaseAsync();
        Assert.Empty(await other.RowsAsync($"select 1 from pg_database where datname = '{database.Name}'"));
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Every_supported_major_version_starts_and_takes_our_pinned_settings(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        await using var session = await PostgresSession.OpenAsync(database.Target, "test", CancellationToken.None);
        Assert.Equal(major, (await ServerIdentity.ReadAsync(session, CancellationToken.None)).Major);
    }

    private static string SessionOf(string pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ')[3];

    private static string AllCommandLines() =>
        string.Join('\n', Process.GetProcesses().Select(p => ReadOrEmpty($"/proc/{p.Id}/cmdline")));

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
