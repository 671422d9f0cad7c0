using System.Threading.Channels;
using Tidelock.Deployments;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Programs;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Tools;

/// <summary>The example's Alembic project and its database, as it stands before the change; real Alembic throughout.</summary>
internal sealed class AlembicBench : IAsyncDisposable, IRunObserver, IRunDialogue
{
    /// <summary>Debian's alembic belongs to this one.</summary>
    public const string Python = "/usr/bin/python3";

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-alembic-").FullName;

    private AlembicBench(ViewBench views) => Views = views;

    public ViewBench Views { get; }

    public TestDatabase Database => Views.Database;

    public string Project => Path.Combine(folder, "change", "alembic");

    public List<Message> Progress { get; } = [];

    public List<RunEvent> Events { get; } = [];

    /// <summary>The kind of event behind which the program dies, as far as its journal can tell.</summary>
    public Type? DiesAfter { get; set; }

    public static async Task<AlembicBench> CreateAsync(PostgresServer server) =>
        await CreateAsync(await server.CreateDatabaseAsync());

    public static async Task<AlembicBench> CreateAsync(TestDatabase database)
    {
        var bench = new AlembicBench(await ViewBench.AttemptAsync(database));
        var example = Path.Combine(Example(), "attempt-view-v1-alembic");
        foreach (var file in Directory.EnumerateFiles(example, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(bench.folder, "change", Path.GetRelativePath(example, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        bench.Edit("../change.yaml", "upgrade: head", $"upgrade: head, python: {Python}");
        bench.Edit("../change.yaml", "for: 1m, every: 5s", "for: 1s, every: 200ms");
        (await bench.AlembicAsync("stamp", "attempt_before")).OrThrow();
        return bench;
    }

    /// <summary>Changes a file of the project.</summary>
    public void Edit(string file, string from, string to)
    {
        var path = Path.Combine(Project, file);
        var text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>Alembic as a person would run it.</summary>
    public Task<ProgramResult> AlembicAsync(params string[] arguments) =>
        new ChildProgram(
            Python,
            ["-m", "alembic", .. arguments],
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["DATABASE_URL"] = Database.Target.Uri },
            Project
        ).RunAsync(default);

    public Task<List<string>> VersionAsync() => Database.RowsAsync("select version_num from public.alembic_version");

    public DeploymentRequest Request()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["DATABASE_URL"] = Database.Uri };
        var reading = TidelockServices.ChangeLoader.Load(Path.Combine(folder, "change"), "production", variables);
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        return new DeploymentRequest(
            reading.Change,
            reading.Change.Environments[0],
            PostgresTarget.Parse(reading.Change.Environments[0].Database, variables),
            "kim"
        );
    }

    public ToolMigration Migration() => Assert.IsAssignableFrom<ToolMigration>(Request().Change.Section<Migration>());

    public async Task<ToolGround> GroundAsync(LockBudget? locks = null)
    {
        await using var session = await Views.OpenAsync();
        var identity = await ServerIdentity.ReadAsync(session, default);
        return new ToolGround(Database.Target, "tidelock/test/1", identity, locks ?? ViewBench.Budget);
    }

    public Task<TidelockServices> OpenAsync() =>
        TidelockServices.OpenAsync(
            new TidelockSettings(Path.Combine(folder, "journal.db"), TimeProvider.System),
            default
        );

    public DeploymentTerminal Terminal() => new(this, this, Channel.CreateUnbounded<RunRequest>());

    public void Happened(RunEvent e, RunState state)
    {
        Events.Add(e);
        if (e.GetType() == DiesAfter)
        {
            throw new InvalidOperationException("the program dies");
        }
    }

    public void Progressed(string step, Message progress) => Progress.Add(progress);

    public void Warned(Message warning) => Progress.Add(warning);

    public Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation) =>
        Task.FromResult<InterruptAnswer?>(null);

    public async ValueTask DisposeAsync()
    {
        await Views.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static string Example()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Tidelock.slnx")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        return Path.Combine(root, "examples");
    }
}
