using System.Text.Json;
using Npgsql;
using Tidelock.Backups;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class BackupRollbackTests(PostgresServer server)
{
    private const string Index = """
        change: index
        migration: { sql: { up: up.sql, down: back.sql, transaction: none } }
        watch: { for: 300ms, every: 100ms }
        environments: { production: { database: "${DATABASE_URL}" } }

        """;

    private const string Quick = "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }\n";

    [Fact]
    public async Task A_change_about_no_relation_goes_back_by_its_backup_and_that_is_verified()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync("create index by_name on results (name)", "drop index by_name");
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "change.yaml"), Index + Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync("delete from results where id <= 10");

        var back = await BackAsync(fixture, done);

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal("rollbacks.backup.verified", back.State!.Step("rollback.verify").Finding!.Code);
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from results"));
        Assert.Null(await fixture.Database.ScalarAsync<string>("select to_regclass('by_name')::text"));
    }

    [Fact]
    public async Task A_restore_that_could_not_be_verified_is_verified_by_the_next_rollback()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync("create index by_name on results (name)", "drop index by_name");
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "change.yaml"), Index + Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await using (var session = await fixture.Database.ConnectAsync())
        {
            fixture.On = e =>
            {
                if (e is StepStarted { Step: "rollback.verify" })
                {
                    using var drop = new NpgsqlCommand("drop view top_scores", session);
                    drop.ExecuteNonQuery();
                }
            };
            var unverified = await BackAsync(fixture, done);
            Assert.Equal("rollbacks.backup.not-there", unverified.Finding.Code);
        }

        fixture.On = _ => { };
        await fixture.Database.ExecuteAsync("create view top_scores as select id from public.scores");
        var back = await BackAsync(fixture, done);

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal("rollbacks.backup.verified", back.State!.Step("rollback.verify").Finding!.Code);
    }

    [Fact]
    public async Task What_people_changed_after_a_restore_that_gave_up_does_not_keep_the_next_one_from_restoring()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await HurryAsync(fixture);
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        await using (var holder = await PostgresSession.OpenAsync(fixture.Database.Target, "holder", default))
        {
            await holder.ExecuteAsync("begin; select * from public.results limit 1", default);
            var gaveUp = await BackAsync(fixture, done);
            Assert.True(gaveUp.ExitCode == ExitCode.NeedsPerson, gaveUp.Finding.ToString());
            Assert.Equal("backups.restore.gave-up", gaveUp.Finding.Code);
            Assert.Equal(RestoreFate.NotRestored, End(gaveUp.State!).Fate);
        }

        await fixture.Database.ExecuteAsync(
            "drop view top_scores; create view top_scores as select id from public.scores where score > 110"
        );
        var back = await BackAsync(fixture, done);

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(new RestoreEnd(back.State!.Rollback!.At, RestoreFate.Restored), End(back.State));
    }

    private static RestoreEnd End(RunState state) =>
        state.Fact("rollback.revert", BackupRollback.EndFact)!.Value.Deserialize(RollbacksJson.Default.RestoreEnd)!;

    private static async Task HurryAsync(DeploymentFixture fixture)
    {
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var text = await File.ReadAllTextAsync(file, CancellationToken.None);
        await File.WriteAllTextAsync(
            file,
            text.Replace(
                "  down: down.sql\n",
                "  down: down.sql\n  locks: { try: 50ms, total: 1s, tries: 2 }\n",
                StringComparison.Ordinal
            ),
            CancellationToken.None
        );
    }

    private static async Task<DeploymentEnd> BackAsync(DeploymentFixture fixture, DeploymentEnd done)
    {
        await using var services = await fixture.OpenAsync();
        return await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            "backup",
            fixture.Terminal(),
            default
        );
    }
}
