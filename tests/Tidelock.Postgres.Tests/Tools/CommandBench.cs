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

/// <summary>The Sqitch project of the documentation and its database, as it stands before the change; real Sqitch throughout.</summary>
internal sealed class CommandBench : IAsyncDisposable, IRunObserver, IRunDialogue
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-command-").FullName;

    private CommandBench(ViewBench views) => Views = views;

    public ViewBench Views { get; }

    public TestDatabase Database => Views.Database;

    public string Project => Path.Combine(folder, "change", "sqitch");

    public List<Message> Progress { get; } = [];

    public List<RunEvent> Events { get; } = [];

    /// <summary>The kind of event behind which the program dies, as far as its journal can tell.</summary>
    public Type? DiesAfter { get; set; }

    public static async Task<CommandBench> CreateAsync(PostgresServer server)
    {
        var bench = new CommandBench(await ViewBench.EmptyAsync(server, "select 1"));
        var example = Path.Combine(ViewBench.Root, "docs", "examples", "sqitch");
        foreach (var file in Directory.EnumerateFiles(example, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(bench.folder, "change", Path.GetRelativePath(example, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        bench.Edit("../change.yaml", "  staging: { soak: 24h }\n  approval: { required: 2 }", "  backup: off");
        bench.Edit("../change.yaml", "{ LC_ALL: C.UTF-8,", "{ LC_ALL: C.UTF-8, ADDRESS: \"{host} {dbname}\",");
        bench.Edit("../change.yaml", "environments:", "watch: { for: 300ms, every: 100ms }\nenvironments:");
        (await bench.SqitchAsync("deploy", "--to-change", "exam_results")).OrThrow();
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

    /// <summary>Another program in the place of Sqitch's status, up or down: a script of the project.</summary>
    public void Replace(string key, string script)
    {
        var path = Path.Combine(Project, key + ".sh");
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var yaml = Path.Combine(Project, "..", "change.yaml");
        File.WriteAllLines(
            yaml,
            File.ReadAllLines(yaml)
                .Select(l => l.StartsWith($"    {key}: [", StringComparison.Ordinal) ? $"    {key}: [./{key}.sh]" : l)
        );
    }

    /// <summary>Sqitch as a person would run it.</summary>
    public Task<ProgramResult> SqitchAsync(params string[] arguments) =>
        new ChildProgram(
            "sqitch",
            arguments,
            new Dictionary<string, string?>(Database.Target.LibpqEnvironment("test"), StringComparer.Ordinal)
            {
                ["LC_ALL"] = "C.UTF-8",
                ["SQITCH_FULLNAME"] = "Kim",
                ["SQITCH_EMAIL"] = "kim@example.org",
            },
            Project
        ).RunAsync(default);

    public Task<List<string>> DeployedAsync() =>
        Database.RowsAsync("select change from sqitch.changes order by committed_at");

    public DeploymentRequest Request()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATABASE_URL"] = Database.Uri,
            ["STAGING_DATABASE_URL"] = Database.Uri,
        };
        var reading = TidelockServices.ChangeLoader.Load(Path.Combine(folder, "change"), "production", variables);
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        var place = reading.Change.Environments.Single(e => e.Name == "production");
        return new DeploymentRequest(reading.Change, place, PostgresTarget.Parse(place.Database, variables), "kim");
    }

    public ToolMigration Migration() => Assert.IsAssignableFrom<ToolMigration>(Request().Change.Section<Migration>());

    public IMigrationTool Tool() => Migration().Tool;

    public async Task<ToolStanding> AskAsync() => await Tool().AskAsync(await GroundAsync(), default);

    public async Task<MigrationOutcome> UpAsync(TimeSpan? limit = null) =>
        await new ToolRun(Tool(), await GroundAsync(), TimeProvider.System)
        {
            Limit = limit ?? TimeSpan.FromHours(24),
        }.RunAsync(
            new ToolPath("exam_results", "attempt_v1"),
            ToolDirection.Up,
            _ => Task.CompletedTask,
            Progress.Add,
            default
        );

    public async Task<ToolGround> GroundAsync()
    {
        await using var session = await Views.OpenAsync();
        var identity = await ServerIdentity.ReadAsync(session, default);
        return new ToolGround(Database.Target, "tidelock/test/1", identity, Migration().Locks);
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
}
