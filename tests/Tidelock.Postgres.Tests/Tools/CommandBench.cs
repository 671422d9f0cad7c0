using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Programs;
using Tidelock.Tests.Programs;

namespace Tidelock.Postgres.Tests.Tools;

/// <summary>The Sqitch project of the documentation and its database, as it stands before the change; real Sqitch throughout.</summary>
internal sealed class CommandBench(ViewBench views)
    : ToolBench(views, Path.Combine(ViewBench.Root, "docs", "examples", "sqitch"), "sqitch")
{
    public static async Task<CommandBench> CreateAsync(PostgresServer server)
    {
        var bench = new CommandBench(await ViewBench.EmptyAsync(server, "select 1"));
        bench.Edit("../change.yaml", "  staging: { soak: 24h }\n  approval: { required: 2 }", "  backup: off");
        bench.Edit("../change.yaml", "{ LC_ALL: C.UTF-8,", "{ LC_ALL: C.UTF-8, ADDRESS: \"{host} {dbname}\",");
        bench.Edit("../change.yaml", "environments:", "watch: { for: 300ms, every: 100ms }\nenvironments:");
        (await bench.SqitchAsync("deploy", "--to-change", "exam_results")).OrThrow();
        return bench;
    }

    /// <summary>Another program in the place of Sqitch's status, up or down: a script of the project.</summary>
    public void Replace(string key, string script)
    {
        var path = Path.Combine(Project, key + ".sh");
        Script.Write(path, "#!/bin/sh\n" + script + "\n");
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

    public IMigrationTool Tool() => Migration().Tool;

    public async Task<ToolStanding> AskAsync() => await Tool().AskAsync(await GroundAsync(), default);

    public async Task<MigrationOutcome> UpAsync(TimeSpan? limit = null, TimeProvider? time = null) =>
        await new ToolRun(Tool(), await GroundAsync(), time ?? TimeProvider.System)
        {
            Limit = limit ?? TimeSpan.FromHours(24),
        }.RunAsync(
            new ToolPath("exam_results", "attempt_v1"),
            ToolDirection.Up,
            _ => Task.CompletedTask,
            Progress.Add,
            default
        );
}
