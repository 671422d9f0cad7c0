using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A run with its backup: encrypted, or proven less far.</summary>
public sealed class BackupProofTests(PostgresServer server)
{
    [Fact]
    public async Task An_encrypted_backup_is_rehearsed_by_the_run_and_restored_by_its_rollback_and_nothing_plain_stays()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        var scratch = Path.Combine(Path.GetTempPath(), "tl-scratch-" + Path.GetRandomFileName());
        Directory.CreateDirectory(scratch, HeldFolder.OwnerOnly | UnixFileMode.OtherExecute);
        var (_, recipient) = await AgeKeys.MakeAsync(Path.Combine(fixture.ChangeFolder, "..", "identity"));
        await AddAsync(
            fixture,
            $"gates: {{ backup: {{ folder: ../backups, encrypt: {{ age: [{recipient}], identity: ../identity }}, rehearse: {{ folder: {scratch} }} }}, rollbackPlan: off }}\n"
        );
        var before = await fixture.CatalogAsync();

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.Equal("gates.backup.by-run-encrypted", done.State!.Gates["backup"].Finding.Code);
        Assert.Contains(
            "rehearsed (verified, restored",
            done.State.Gates["backup"].Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Contains("rehearsed", done.State.Step("backup").Finding!.ToString(), StringComparison.Ordinal);
        await fixture.Database.ExecuteAsync("delete from results where id <= 10");

        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            "backup",
            fixture.Terminal(),
            default
        );

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from results"));
        Assert.Empty(Directory.GetFileSystemEntries(scratch));
        Directory.Delete(scratch);
        var dumped = Directory.GetFiles(
            Path.Combine(fixture.ChangeFolder, "..", "backups"),
            "*",
            SearchOption.AllDirectories
        );
        Assert.All(
            dumped.Where(f => Path.GetFileName(f) is not ("manifest.json" or "rehearsal.json")),
            f => Assert.EndsWith(".age", f, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_plain_dump_is_accepted_as_taken_with_a_warning_in_the_gate_and_in_the_step()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        var clients = await ClientPrograms.FindAsync(ProcessVariables.Read(), 0, CancellationToken.None);
        (
            await new ChildProgram(
                clients.PgDump,
                ["--file=" + Path.Combine(fixture.ChangeFolder, "..", "theirs.sql")],
                fixture.Database.Target.LibpqEnvironment("somebody")
            ).RunAsync(CancellationToken.None)
        ).OrThrow();
        await AddAsync(
            fixture,
            "gates: { backup: { by: file, file: ../theirs.sql, proof: taken }, rollbackPlan: off }\n"
        );

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.Contains("WARNING", done.State!.Gates["backup"].Finding.ToString(), StringComparison.Ordinal);
        var finding = done.State.Step("backup").Finding!.ToString();
        Assert.StartsWith("taken, and no more is demanded", finding, StringComparison.Ordinal);
        Assert.Contains("plain SQL dump", finding, StringComparison.Ordinal);
    }

    private static Task AddAsync(DeploymentFixture fixture, string gates) =>
        File.AppendAllTextAsync(Path.Combine(fixture.ChangeFolder, "change.yaml"), gates, CancellationToken.None);
}
