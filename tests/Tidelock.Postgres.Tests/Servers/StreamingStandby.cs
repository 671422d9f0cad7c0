using System.Globalization;
using Npgsql;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A real standby that streams from a cluster: its queries hold the replay up for ever, unless told otherwise.</summary>
public sealed class StreamingStandby : IAsyncDisposable
{
    private readonly LocalCluster primary;
    private readonly string folder;
    private readonly ReservedPort port = ReservedPort.Take();
    private bool tookOver;

    private StreamingStandby(LocalCluster primary, string folder) => (this.primary, this.folder) = (primary, folder);

    /// <summary>On 127.0.0.1; the superuser's password is the primary's.</summary>
    public int Port => port.Number;

    /// <summary>A database of it as any role, through the socket, without a password.</summary>
    public PostgresTarget TargetAs(string role, string database) =>
        PostgresTarget.Parse(
            $"host={PostgresTarget.Value(folder)} user={role} port={Port} dbname={database}",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );

    /// <summary>The file that says where a timeline of it comes from.</summary>
    public string HistoryOf(int timeline) =>
        Path.Combine(Data, "pg_wal", string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}.history"));

    private string Data => Path.Combine(folder, "data");

    /// <summary>Takes a base backup and starts from it; returns when it streams under this name.</summary>
    /// <param name="primary">Where it streams from.</param>
    /// <param name="name">What it calls itself.</param>
    /// <param name="delay">How long the replay waits for its queries before it cancels them; -1 for ever.</param>
    public static async Task<StreamingStandby> StartAsync(LocalCluster primary, string name, string delay = "-1")
    {
        var folder = Path.Combine(Path.GetTempPath(), $"tl-standby-{Guid.NewGuid():N}"[..20]);
        UnprivilegedUser.CreateFolder(folder);
        var standby = new StreamingStandby(primary, folder);
        try
        {
            await standby.RunAsync(
                "pg_basebackup",
                "-h",
                primary.SocketFolder,
                "-p",
                primary.Port.ToString(CultureInfo.InvariantCulture),
                "-U",
                "postgres",
                "-D",
                standby.Data,
                "-X",
                "stream",
                "-c",
                "fast",
                "--no-sync",
                "--no-manifest"
            );
            await File.WriteAllTextAsync(Path.Combine(standby.Data, "standby.signal"), "");
            UnprivilegedUser.Own(Path.Combine(standby.Data, "standby.signal"));
            await File.AppendAllTextAsync(
                Path.Combine(standby.Data, "postgresql.conf"),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""

                    primary_conninfo = 'host={primary.SocketFolder} port={primary.Port} user=postgres application_name={name}'
                    max_standby_streaming_delay = {delay}
                    wal_receiver_status_interval = 1s
                    """
                )
            );
            await standby.RunAsync(
                "pg_ctl",
                "-D",
                standby.Data,
                "-s",
                "-w",
                "-l",
                Path.Combine(folder, "log"),
                "-o",
                $"-p {standby.Port} -k '{folder}' -h 127.0.0.1",
                "start"
            );
            await standby.UntilStreamingAsync(name);
            return standby;
        }
        catch
        {
            await standby.DisposeAsync();
            throw;
        }
    }

    /// <summary>A database of the standby as an operator names it.</summary>
    public string Connection(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"host={folder} port={Port} user=postgres dbname={database}");

    /// <summary>Someone who reads on the standby.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(
            $"Host={folder};Port={Port};Username=postgres;Database={database};Pooling=false"
        );
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>The first column of the first row.</summary>
    public async Task<T?> ScalarAsync<T>(string database, string sql)
    {
        await using var connection = await ConnectAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>Receives nothing any more, as behind a network that is slow or gone: what is committed from now on is lost by a failover.</summary>
    public async Task CutOffAsync(TestDatabase database)
    {
        await ScalarAsync<object>(database.Name, "alter system set primary_conninfo = ''");
        await ScalarAsync<bool>(database.Name, "select pg_reload_conf()");
        await database.UntilAsync("select not exists (select from pg_stat_replication)");
    }

    /// <summary>Waits until it has replayed all that is committed on the primary by now.</summary>
    public async Task CaughtUpAsync(TestDatabase database)
    {
        await database.FlushAsync();
        var position = await database.ScalarAsync<string>("select pg_current_wal_lsn()::text");
        await database.UntilAsync($"select bool_and(replay_lsn >= '{position}') from pg_stat_replication");
    }

    /// <summary>The primary dies, and this server takes its place.</summary>
    public async Task TakeOverAsync()
    {
        tookOver = true;
        await primary.StopServerAsync("immediate", default);
        await RunAsync("pg_ctl", "-D", Data, "-s", "-w", "promote");
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(Data, "postmaster.pid")))
        {
            await RunAsync("pg_ctl", "-D", Data, "-s", "-m", "immediate", "-w", "stop");
        }

        Directory.Delete(folder, recursive: true);
        port.Dispose();
        if (tookOver)
        {
            // Whoever made a database there still has to drop it.
            await primary.StartServerAsync(default);
        }
    }

    private async Task UntilStreamingAsync(string name)
    {
        await TestDatabase.UntilAsync(
            primary.TargetAs("postgres", "postgres"),
            $"select exists (select from pg_stat_replication where application_name = '{name}' and state = 'streaming' and replay_lsn is not null)"
        );
    }

    private async Task RunAsync(string program, params string[] arguments) =>
        (
            await UnprivilegedUser
                .Run(new ChildProgram(Path.Combine(primary.Programs.Folder, program), arguments))
                .RunAsync(default)
        ).OrThrow();
}
