using System.Globalization;
using System.Security.Cryptography;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// A throwaway PostgreSQL server in a temporary folder: not durable, for rehearsals, the demo and tests. The server has a session
/// of its own, so a terminal's Ctrl-C does not reach it; disposing stops and removes it.
/// </summary>
public sealed class LocalCluster : IAsyncDisposable
{
    /// <summary>The code of the message that a server does not start.</summary>
    internal const string NotStarted = "postgres.cluster.failed";

    private const string SettingsFile = "postgresql.conf";

    /// <summary>What the names of all their folders begin with.</summary>
    internal const string Prefix = "tl-pg-";

    private readonly string password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly HeldFolder held;
    private ReservedPort? port;

    private LocalCluster(HeldFolder held, ServerPrograms programs, LocalClusterOptions options)
    {
        this.held = held;
        Programs = programs;
        Options = options;
    }

    /// <summary>All of the cluster is in here, and goes with it.</summary>
    public string Folder => held.Path;

    public ServerPrograms Programs { get; }

    /// <summary>The folder of the Unix socket; whoever can enter it is trusted.</summary>
    public string SocketFolder => Folder;

    /// <summary>The TCP port, and the number of the socket.</summary>
    public int Port => port?.Number ?? 0;

    /// <summary>The server's log.</summary>
    public string LogFile => Path.Combine(Folder, "log");

    private LocalClusterOptions Options { get; }

    /// <summary>The server's files.</summary>
    internal string Data => DataOf(Folder);

    internal static string DataOf(string folder) => Path.Combine(folder, "data");

    internal static string PidFileOf(string folder) => Path.Combine(DataOf(folder), "postmaster.pid");

    /// <summary>Makes and starts a cluster; about a second.</summary>
    /// <exception cref="TidelockException"><c>postgres.programs.no-server</c>; <c>postgres.cluster.failed</c> with the last lines of
    /// what the programs said. Nothing is left behind then.</exception>
    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, CancellationToken cancellation)
    {
        var cluster = await EmptyAsync(options, cancellation).ConfigureAwait(false);
        try
        {
            await cluster.InitializeAsync(cancellation).ConfigureAwait(false);
            await cluster.StartServerAsync(cancellation).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A folder for a cluster whose files come from elsewhere: whoever asks for it fills <see cref="Data"/>, configures it and starts the server.</summary>
    internal static async Task<LocalCluster> EmptyAsync(LocalClusterOptions options, CancellationToken cancellation)
    {
        var programs =
            options.Programs
            ?? await ServerPrograms
                .FindAsync(ProcessVariables.Read(), serverMajor: 0, cancellation)
                .ConfigureAwait(false);
        var parent = Path.GetFullPath(options.Parent ?? Path.GetTempPath());
        UnprivilegedUser.RequireReachable(parent);
        UnprivilegedUser.RequireReachable(programs.Folder);
        await AbandonedClusters.RemoveAsync(parent, cancellation).ConfigureAwait(false);
        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5));
        var cluster = new LocalCluster(new HeldFolder(parent, Prefix, name), programs, options);
        UnprivilegedUser.Own(cluster.Folder);
        return cluster;
    }

    /// <summary>Gives files that came from elsewhere a configuration of this cluster's own: nothing of theirs is read, wherever it leads.</summary>
    /// <param name="more">What is set besides <see cref="LocalClusterOptions.Settings"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task ConfigureAsync(IReadOnlyDictionary<string, string> more, CancellationToken cancellation)
    {
        foreach (var (name, text) in Configuration(more))
        {
            var file = Path.Combine(Data, name);
            File.Delete(file);
            if (text is not null)
            {
                await using var made = new StreamWriter(new FileStream(file, FileMode.CreateNew));
                await made.WriteAsync(text.AsMemory(), cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A database of this cluster as its superuser, through TCP where it is listened on, else through the socket.</summary>
    public PostgresTarget Target(string database = "postgres") =>
        Options.ListensOnTcp ? OverTcp("postgres", database) : TargetAs("postgres", database);

    /// <summary>A database of this cluster as any role, through the socket, without a password.</summary>
    public PostgresTarget TargetAs(string role, string database) =>
        Parse($"host={PostgresTarget.Value(SocketFolder)} user={PostgresTarget.Value(role)}", database);

    /// <summary>A database of this cluster as a role that is given the superuser's password for it, through TCP.</summary>
    /// <param name="superuser">A superuser's session in this cluster.</param>
    /// <param name="role">May log in.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<PostgresTarget> AdmitOverTcpAsync(
        PostgresSession superuser,
        string role,
        CancellationToken cancellation
    )
    {
        await superuser
            .ExecuteAsync(
                $"alter role {Identifiers.Quote(role)} password {Identifiers.Literal(password)}",
                cancellation
            )
            .ConfigureAwait(false);
        return OverTcp(role, superuser.Target.Database);
    }

    /// <summary>Ends the server at once and starts it again, as a crash does (<c>immediate</c>) or an administrator (<c>fast</c>).</summary>
    public async Task RestartAsync(string mode, CancellationToken cancellation)
    {
        await StopServerAsync(mode, cancellation).ConfigureAwait(false);
        await StartServerAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Starts the stopped server on the same port.</summary>
    public async Task StartServerAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            port ??= ReservedPort.Take();
            var within = ((long)Options.StartsWithin.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            var started = await Server("-l", LogFile, "-w", "-t", within, "-o", Flags(), "start")
                .RunAsync(cancellation)
                .ConfigureAwait(false);
            if (started.Succeeded)
            {
                return;
            }

            // Somebody else may have taken the port who does not ask for it as we do.
            if (attempt == 3 || port.IsFree)
            {
                throw Failed(
                    File.Exists(LogFile) ? LastLines(await LogAsync().ConfigureAwait(false)) : started.LastWords
                );
            }

            port.Dispose();
            port = null;
        }
    }

    /// <summary>Stops the server and keeps its data; <paramref name="mode"/> as pg_ctl has it: smart, fast, immediate.</summary>
    public async Task StopServerAsync(string mode, CancellationToken cancellation) =>
        await Server("-m", mode, "-w", "-t", "30", "stop").RunAsync(cancellation).ConfigureAwait(false);

    /// <summary>The whole log so far.</summary>
    public Task<string> LogAsync() => File.ReadAllTextAsync(LogFile, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(PidFileOf(Folder)))
        {
            await StopServerAsync("immediate", CancellationToken.None).ConfigureAwait(false);
        }

        held.Dispose();
        port?.Dispose();
    }

    private async Task InitializeAsync(CancellationToken cancellation)
    {
        var passwordFile = Path.Combine(Folder, "password");
        await File.WriteAllTextAsync(passwordFile, password, cancellation).ConfigureAwait(false);
        UnprivilegedUser.Own(passwordFile);
        var made = await UnprivilegedUser
            .Run(
                new ChildProgram(
                    Programs.InitDb,
                    "--pgdata=" + Data,
                    "--username=postgres",
                    "--pwfile=" + passwordFile,
                    "--auth-local=trust",
                    "--auth-host=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync"
                )
            )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        File.Delete(passwordFile);
        if (!made.Succeeded)
        {
            throw Failed(made.LastWords);
        }

        await File.AppendAllTextAsync(Path.Combine(Data, SettingsFile), Settings([]), cancellation)
            .ConfigureAwait(false);
    }

    private string Settings(IEnumerable<KeyValuePair<string, string>> more) =>
        Throwaway + string.Concat(Options.Settings.Concat(more).Select(s => $"{s.Key} = {Quoted(s.Value)}\n"));

    /// <summary>As the file has it, which knows no <c>E''</c>.</summary>
    private static string Quoted(string value) =>
        "'" + value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";

    /// <summary>Each file of a configuration; null for one that must not be there.</summary>
    private IReadOnlyList<(string Name, string? Text)> Configuration(IReadOnlyDictionary<string, string> more) =>
        [
            (SettingsFile, Settings(more)),
            ("postgresql.auto.conf", null),
            ("standby.signal", null),
            ("pg_ident.conf", ""),
            ("pg_hba.conf", "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"),
        ];

    private string Flags() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"-p {Port} -k '{SocketFolder}' -h '{(Options.ListensOnTcp ? "127.0.0.1" : "")}'"
        );

    private ChildProgram Server(params IReadOnlyList<string> arguments) =>
        UnprivilegedUser.Run(new ChildProgram(Programs.PgCtl, ["-D", Data, "-s", .. arguments]));

    private PostgresTarget OverTcp(string role, string database) =>
        Parse($"host=127.0.0.1 user={PostgresTarget.Value(role)} password={password}", database);

    private PostgresTarget Parse(string connection, string database) =>
        PostgresTarget.Parse(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{connection} port={Port} dbname={PostgresTarget.Value(database)}"
            ),
            new Dictionary<string, string>(StringComparer.Ordinal)
        );

    private TidelockException Failed(string words) =>
        new(
            Message.Of(NotStarted, ("folder", Folder), ("major", Programs.Major), ("words", words)),
            ExitCode.NeedsPerson
        );

    private static string LastLines(string log) => string.Join('\n', log.Trim().Split('\n').TakeLast(8));

    private const string Throwaway = """

        fsync = off
        synchronous_commit = off
        full_page_writes = off
        shared_buffers = 64MB
        max_connections = 100
        timezone = 'UTC'
        log_timezone = 'UTC'
        lc_messages = 'C'

        """;
}
