using System.Threading.Channels;
using Tidelock.Deployments;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Tools;

/// <summary>A copy of a folder with a change and a tool's project in it, a database and a journal: what a tool is tried on.</summary>
/// <param name="views">The database.</param>
/// <param name="example">The folder that is copied.</param>
/// <param name="project">The tool's project in it.</param>
internal abstract class ToolBench(ViewBench views, string example, string project)
    : IAsyncDisposable,
        IRunObserver,
        IRunDialogue
{
    private readonly string folder = Copy(example);

    public ViewBench Views { get; } = views;

    public TestDatabase Database => Views.Database;

    public string Project => Path.Combine(folder, "change", project);

    public List<Message> Progress { get; } = [];

    public List<RunEvent> Events { get; } = [];

    /// <summary>The kind of event behind which the program dies, as far as its journal can tell.</summary>
    public Type? DiesAfter { get; set; }

    /// <summary>Changes a file of the project.</summary>
    public void Edit(string file, string from, string to)
    {
        var path = Path.Combine(Project, file);
        var text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>The change, on its way to production.</summary>
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

    public async Task<ToolGround> GroundAsync(LockBudget? locks = null)
    {
        await using var session = await Views.OpenAsync();
        var identity = await ServerIdentity.ReadAsync(session, default);
        return new ToolGround(Database.Target, "tidelock/test/1", identity, locks ?? Migration().Locks);
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

    private static string Copy(string example)
    {
        var folder = Directory.CreateTempSubdirectory("tidelock-tool-").FullName;
        foreach (var file in Directory.EnumerateFiles(example, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, "change", Path.GetRelativePath(example, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return folder;
    }
}
