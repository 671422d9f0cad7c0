using Tidelock.Backups;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Examples;
using Tidelock.Postgres.Tests.Rehearsals;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Tools;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A backup that was rehearsed before a deployment, and a deployment that rehearses its own.</summary>
public sealed class RehearsedDeploymentTests(PostgresServer server)
{
    private const string Backups = "gates: { backup: { folder: ../backups, maxAge: 2h }, rollbackPlan: off }\n";

    [Fact]
    public async Task A_deployment_takes_the_backup_that_was_rehearsed_before_it_unless_that_was_changed_since()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Backups);
        var ahead = await RehearseAsync(fixture);

        await using (var services = await fixture.OpenAsync())
        {
            var gate = (await services.Deployment.ChecklistAsync(fixture.Request(), default)).Single(g =>
                g.Name == "backup"
            );
            Assert.True(gate.Passed);
            Assert.Equal("gates.backup.rehearsed", gate.Finding.Code);
            Assert.Equal(Durations.Short(ahead.RestoreTook), gate.Finding.Arguments["took"]);
        }

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.Equal([ahead.Path], Folders(fixture));
        var state = done.State!;
        Assert.Equal(ahead.Path, RunBackup.Of(state)!.Path);
        Assert.Equal(
            (BackupLevel.Rehearsed, ahead.RestoreTook),
            (RunBackup.Of(state)!.Level, RunBackup.Of(state)!.RestoreTook)
        );
        Assert.Equal(
            ahead.At.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", null),
            state.Step("backup").Finding!.Arguments["at"]
        );

        await using var again = await DeploymentFixture.CreateAsync(server, Backups);
        var changed = await RehearseAsync(again);
        await File.AppendAllTextAsync(Path.Combine(changed.Path!, "dump", "toc.dat"), "x", CancellationToken.None);

        done = await again.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.Equal(2, Folders(again).Length);
        Assert.NotEqual(changed.Path, RunBackup.Of(done.State!)!.Path);
        Assert.Equal(done.Run!.Value.Value, Backup.Open(RunBackup.Of(done.State!)!.Path).Rehearsal()!.Run);
    }

    [Fact]
    public async Task A_backup_that_was_rehearsed_before_somebody_changed_the_database_or_that_a_run_has_had_is_not_taken()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Backups);
        var outdated = await RehearseAsync(fixture);
        await fixture.Database.ExecuteAsync("comment on view scores is 'in another way'");
        var before = await fixture.CatalogAsync();

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var first = RunBackup.Of(done.State!)!.Path;
        Assert.NotEqual(outdated.Path, first);
        Assert.Equal("backups.rehearsal.drifted", NotReused(fixture));
        await BackAsync(fixture, done);
        Assert.Equal(before, await fixture.CatalogAsync());

        Directory.Delete(outdated.Path!, recursive: true);
        var ahead = await RehearseAsync(fixture);
        fixture.Progress.Clear();
        done = await fixture.DeployAsync();
        Assert.Equal(ahead.Path, RunBackup.Of(done.State!)!.Path);
        Assert.Null(NotReused(fixture));
        Assert.Equal(done.Run!.Value.Value, Backup.Open(ahead.Path!).Rehearsal()!.UsedBy);
        await BackAsync(fixture, done);

        done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.NotEqual(ahead.Path, RunBackup.Of(done.State!)!.Path);
        Assert.Equal("backups.rehearsal.used", NotReused(fixture));
    }

    [Fact]
    public async Task A_down_file_that_loses_a_grant_refuses_the_run_at_its_backup_and_nothing_is_changed()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            Backups + "rollback: { method: downgrade }\n"
        );
        var down = Path.Combine(fixture.ChangeFolder, "down.sql");
        var text = await File.ReadAllTextAsync(down, CancellationToken.None);
        await File.WriteAllTextAsync(
            down,
            text.Replace("grant select on public.scores, ", "grant select on ", StringComparison.Ordinal),
            CancellationToken.None
        );
        var before = await fixture.CatalogAsync();

        var end = await fixture.DeployAsync();

        Assert.Equal(ExitCode.Refused, end.ExitCode);
        Assert.Equal(StepStatus.Failed, end.State!.Step("backup").Status);
        Assert.Contains("fix-points", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("grant to PUBLIC", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.NotNull(end.State.Fact("backup", "rehearsal"));
    }

    [Fact]
    public async Task Alembic_goes_the_whole_way_on_the_data()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        bench.Edit("../change.yaml", "rehearse: false, ", "");
        await bench.Database.ExecuteAsync("set seedtest.results = '200';" + AttemptViewExample.Read("generate.sql"));
        await using var services = await bench.OpenAsync();

        var (record, refusal) = await services.Rehearsing.RehearseAsync(
            bench.Request(),
            null,
            _ => { },
            _ => { },
            CancellationToken.None
        );

        Assert.Null(refusal);
        DataBench.AssertWhole(record!);
        Assert.Equal("downgrade", record!.Method);
        Assert.Equal(["attempt_before"], await bench.VersionAsync());
    }

    private static async Task<RehearsalRecord> RehearseAsync(DeploymentFixture fixture)
    {
        await using var services = await fixture.OpenAsync();
        var (record, refusal) = await services.Rehearsing.RehearseAsync(
            fixture.Request(),
            null,
            _ => { },
            _ => { },
            CancellationToken.None
        );
        Assert.Null(refusal);
        DataBench.AssertWhole(record!);
        return record!;
    }

    /// <summary>Why the run took another backup than the one that was rehearsed; null where it said nothing of it.</summary>
    private static string? NotReused(DeploymentFixture fixture) =>
        fixture.Progress.LastOrDefault(m => m.Code == "steps.backup.not-reused")?.Parts!["reason"].Code;

    private static async Task BackAsync(DeploymentFixture fixture, DeploymentEnd done)
    {
        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
    }

    private static string[] Folders(DeploymentFixture fixture) =>
        Directory
            .GetDirectories(Path.Combine(fixture.ChangeFolder, "..", "backups"))
            .Select(Path.GetFullPath)
            .ToArray();
}
