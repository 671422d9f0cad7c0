using System.Globalization;
using System.Security.Cryptography;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A server of its own that archives its log with a real pgBackRest, whose repository is in a folder of the test.</summary>
public sealed class BackRestServer : IAsyncDisposable
{
    public const string Stanza = "lab";

    private readonly string folder;

    private BackRestServer(string folder, LocalCluster cluster) => (this.folder, Cluster) = (folder, cluster);

    public LocalCluster Cluster { get; }

    public string Config => Path.Combine(folder, "pgbackrest.conf");

    /// <summary>The program as the user that owns the cluster.</summary>
    public static IReadOnlyList<string> Program
    {
        get
        {
            var program = UnprivilegedUser.Run(new ChildProgram("pgbackrest"));
            return [program.Path, .. program.Arguments];
        }
    }

    /// <summary>As a change has it.</summary>
    public string Yaml(string take, string proof = "verified") =>
        $"by: pgbackrest, proof: {proof}, stanza: {Stanza}, take: {take}, config: {Config}, "
        + $"program: [{string.Join(", ", Program.Select(w => $"\"{w}\""))}]";

    public static async Task<BackRestServer> StartAsync()
    {
        var folder = Path.Combine(
            Path.GetTempPath(),
            "tl-rest-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5))
        );
        UnprivilegedUser.CreateFolder(folder);
        var config = Path.Combine(folder, "pgbackrest.conf");
        var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["max_prepared_transactions"] = "5",
                    ["archive_mode"] = "on",
                    ["archive_command"] = $"pgbackrest --config={config} --stanza={Stanza} archive-push %p",
                },
            },
            default
        );
        var server = new BackRestServer(folder, cluster);
        try
        {
            await server.ConfigureAsync(config, "repo");
            await server.RunAsync("stanza-create");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fills a log file and has it archived.</summary>
    public async Task SwitchAsync()
    {
        var postgres = Cluster.TargetAs("postgres", "postgres");
        await using var session = await PostgresSession.OpenAsync(postgres, "test", default);
        var file = await session.ScalarAsync<string>(
            "select pg_walfile_name(pg_switch_wal()) from (select pg_logical_emit_message(true, 'test', 'x')) x",
            default
        );
        await TestDatabase.UntilAsync(postgres, $"select last_archived_wal >= '{file}' from pg_stat_archiver");
    }

    /// <summary>Waits until the server has nothing left to archive, the note of a backup neither.</summary>
    public Task ArchivedAsync() =>
        TestDatabase.UntilAsync(
            Cluster.TargetAs("postgres", "postgres"),
            "select not exists (select from pg_ls_archive_statusdir() where name like '%.ready')"
        );

    /// <summary>The configuration of a copy of the repository, to be damaged.</summary>
    public async Task<(string Config, string Repository)> CopyAsync(string name)
    {
        await ArchivedAsync();
        var repository = Path.Combine(folder, name);
        await AsOwnerAsync(["cp", "-a", Path.Combine(folder, "repo"), repository]);
        var config = Path.Combine(folder, name + ".conf");
        await ConfigureAsync(config, name);
        return (config, repository);
    }

    /// <summary>The same repository by a configuration whose restores would lead elsewhere.</summary>
    public async Task<string> HostileAsync()
    {
        var config = Path.Combine(folder, "hostile.conf");
        await ConfigureAsync(config, "repo");
        var text = await File.ReadAllTextAsync(config);
        await File.WriteAllTextAsync(
            config,
            $"[global:restore]\ndelta=y\nlink-all=y\ndb-include=nothing\nlink-map=pg_wal={folder}/elsewhere\n"
                + $"tablespace-map=beside={folder}/elsewhere\nrecovery-option=primary_conninfo=host=elsewhere\narchive-mode=preserve\n"
                + text.Replace($"[{Stanza}]\n", $"[{Stanza}]\npg1-host=elsewhere.invalid\n", StringComparison.Ordinal)
        );
        return config;
    }

    /// <summary>Each file of the repository, by its path in it.</summary>
    public IReadOnlyList<string> Files() =>
        [
            .. Directory
                .GetFiles(Path.Combine(folder, "repo"), "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>What lies beside the repository and its configuration.</summary>
    public bool HasElsewhere => Directory.Exists(Path.Combine(folder, "elsewhere"));

    /// <summary>Makes the server write checksums of its pages, and flips a bit in a table's only page behind its back.</summary>
    public async Task DamagePageAsync()
    {
        var data = Path.Combine(Cluster.Folder, "data");
        await Cluster.StopServerAsync("fast", default);
        await AsOwnerAsync([Path.Combine(Cluster.Programs.Folder, "pg_checksums"), "--enable", "-D", data]);
        await Cluster.StartServerAsync(default);
        string page;
        await using (
            var session = await PostgresSession.OpenAsync(Cluster.TargetAs("postgres", "postgres"), "test", default)
        )
        {
            await session.ExecuteAsync("create table public.results as select repeat('x', 100) as name", default);
            page = (await session.ScalarAsync<string>("select pg_relation_filepath('public.results')", default))!;
        }

        await Cluster.StopServerAsync("fast", default);
        await using (var file = new FileStream(Path.Combine(data, page), FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = 8191;
            var last = file.ReadByte();
            file.Position = 8191;
            file.WriteByte((byte)(last ^ 1));
        }

        await Cluster.StartServerAsync(default);
    }

    /// <summary>Runs pgbackrest.</summary>
    public Task RunAsync(params IReadOnlyList<string> arguments) =>
        AsOwnerAsync(["pgbackrest", "--config=" + Config, "--stanza=" + Stanza, .. arguments]);

    /// <summary>What people do with the commands they were shown; those that stop and start the server are for a server of Debian's.</summary>
    public async Task RestoreAsync(IReadOnlyList<string> commands)
    {
        Assert.Equal(3, commands.Count);
        Assert.EndsWith("stop", commands[0], StringComparison.Ordinal);
        Assert.EndsWith("start", commands[2], StringComparison.Ordinal);
        await Cluster.StopServerAsync("fast", default);
        (await new ChildProgram("sh", "-c", commands[1]).RunAsync(default)).OrThrow();
        await Cluster.StartServerAsync(default);
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        for (var since = TimeProvider.System.GetTimestamp(); ; )
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(since).TotalSeconds < 60)
            {
                // A file that was being archived may still be written into the repository.
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    private static async Task AsOwnerAsync(IReadOnlyList<string> words) =>
        (await UnprivilegedUser.Run(new ChildProgram(words[0], [.. words.Skip(1)])).RunAsync(default)).OrThrow();

    private Task ConfigureAsync(string config, string repository) =>
        File.WriteAllTextAsync(
            config,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                [global]
                repo1-path={Path.Combine(folder, repository)}
                repo1-bundle=y
                repo1-retention-full=9
                compress-type=lz4
                start-fast=y
                log-level-file=off
                log-path={folder}
                lock-path={folder}
                spool-path={folder}
                [{Stanza}]
                pg1-path={Path.Combine(Cluster.Folder, "data")}
                pg1-port={Cluster.Port}
                pg1-socket-path={Cluster.SocketFolder}
                pg1-user=postgres

                """
            )
        );
}
