using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>What happens to the server while a backup is restored beside the database in use.</summary>
public sealed class BesideFaultTests
{
    private const string Quick = "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }\n";

    private const string Large = """
        create table public.large as select n, md5(n::text) || md5((n + 1)::text) as x from generate_series(1, 300000) n;
        create index on public.large (x);
        """;

    [Theory]
    [InlineData(2)]
    [InlineData(24)]
    public async Task A_disk_that_fills_up_leaves_the_database_in_use_and_with_room_the_next_restore_is_whole(int left)
    {
        await using var disk = await SmallTablespace.MountAsync("300m");
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var fixture = await DeploymentFixture.CreateAsync(await TestDatabase.CreateAsync(cluster), Quick);
        await fixture.Database.ExecuteAsync(Large);
        await TestDatabase.RunAsync(cluster.Target(), $"create tablespace small location '{disk.Folder}'");
        await TestDatabase.RunAsync(cluster.Target(), $"alter database {fixture.Database.Name} set tablespace small");
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var after = await fixture.CatalogAsync();
        fixture.On = e =>
        {
            if (e is FactRecorded { Name: BesideFacts.Made })
            {
                disk.FillTo(left << 20);
            }
        };

        var full = await BackAsync(fixture, done);

        fixture.On = _ => { };
        disk.GiveSpace();
        Assert.True(full.ExitCode == ExitCode.NeedsPerson, full.Finding.ToString());
        Assert.Equal("rollbacks.beside.restore-failed", full.Finding.Code);

        // With next to nothing left the server cannot even let pg_restore in.
        Assert.Matches("No space left on device|could not write init file", full.Finding.ToString());
        Assert.True(full.State!.InPlace);
        Assert.Equal(after, await fixture.CatalogAsync());
        var back = await BackAsync(fixture, done);
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(300000, await fixture.Database.ScalarAsync<long>("select count(*) from large"));
    }

    [Fact]
    public async Task A_disk_that_has_no_room_any_more_refuses_the_restore_and_everything_stays_as_it_is()
    {
        await using var disk = await SmallTablespace.MountAsync("160m");
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var fixture = await DeploymentFixture.CreateAsync(await TestDatabase.CreateAsync(cluster), Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var after = await fixture.CatalogAsync();
        await MoveLogAsync(cluster, disk.Folder);
        disk.FillTo(48 << 20);

        var refused = await BackAsync(fixture, done);

        Assert.True(refused.ExitCode == ExitCode.NeedsPerson, refused.Finding.ToString());
        Assert.Equal("backups.server-room.lacking", refused.Finding.Code);
        Assert.EndsWith("pg_wal", $"{refused.Finding.Arguments["folder"]}", StringComparison.Ordinal);
        Assert.Equal(after, await fixture.CatalogAsync());
        Assert.Equal(
            0,
            await fixture.Database.ScalarAsync<long>(
                $"select count(*) from pg_database where datname = '{SwapPlan.BesideOf(done.Run!.Value.Value)}'"
            )
        );

        disk.GiveSpace();
        var back = await BackAsync(fixture, done);
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task A_server_that_is_restarted_in_the_middle_gets_the_backup_restored_anew_and_swapped_once(
        string mode
    )
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var fixture = await DeploymentFixture.CreateAsync(await TestDatabase.CreateAsync(cluster), Quick);
        var standing = new StandingRestore(fixture.Database);
        await standing.MakeAsync();
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        // A throwaway server does not wait for its log: without this the crash could take the tables with it.
        await fixture.Database.ExecuteAsync("checkpoint");
        await using var holder = await standing.HoldAsync("copy");
        var restoring = BackAsync(fixture, done);
        await TestDatabase.UntilAsync(
            cluster.Target(),
            $"select exists (select from pg_stat_activity where datname = '{SwapPlan.BesideOf(done.Run!.Value.Value)}' and query ilike 'COPY%large%')"
        );
        await cluster.RestartAsync(mode, CancellationToken.None);

        var back = await restoring;

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.True(back.State!.Epoch > 2);
        Assert.Single(fixture.Events.OfType<DatabaseSwapped>());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(StandingRestore.Rows, await fixture.Database.ScalarAsync<long>("select count(*) from large"));
        Assert.Equal(
            [$"{fixture.Database.Name}|True", $"{back.State.Swapped!.Kept}|False"],
            await fixture.Database.RowsAsync(
                "select datname, datallowconn from pg_database where datname not in ('postgres', 'template0', 'template1') order by 1"
            )
        );
    }

    /// <summary>To a disk of its own, as people do where they can.</summary>
    private static async Task MoveLogAsync(LocalCluster cluster, string disk)
    {
        await cluster.StopServerAsync("fast", CancellationToken.None);
        var (log, moved) = (Path.Combine(cluster.Folder, "data", "pg_wal"), Path.Combine(disk, "log"));
        (await new ChildProgram("mv", log, moved).RunAsync(CancellationToken.None)).OrThrow();
        Directory.CreateSymbolicLink(log, moved);
        await cluster.StartServerAsync(CancellationToken.None);
    }

    private static async Task<DeploymentEnd> BackAsync(DeploymentFixture fixture, DeploymentEnd done)
    {
        await using var services = await fixture.OpenAsync();
        return await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            BesideRollback.MethodName,
            fixture.Terminal(),
            default
        );
    }
}
