using System.Text.Json;
using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Probes;
using Tidelock.Probes.Postgres;
using Tidelock.Steps;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A server with a real standby that streams from it.</summary>
public sealed class StandbyTests : IAsyncLifetime
{
    private LocalCluster cluster = null!;

    [Fact]
    public async Task A_standby_whose_reader_holds_the_replay_up_is_named_and_fails_nothing()
    {
        await using var standby = await StreamingStandby.StartAsync(cluster, "reports");
        await using var fixture = await DeploymentFixture.CreateAsync(
            await TestDatabase.CreateAsync(cluster),
            DeploymentFixture.Unrehearsed
        );
        await UntilReplayedAsync(fixture.Database);
        await using (var reader = await standby.ConnectAsync(fixture.Database.Name))
        {
            await new NpgsqlCommand("begin; select count(*) from top_scores", reader).ExecuteNonQueryAsync();

            var end = await fixture.DeployAsync();

            Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
            var finding = end.State!.Step("migrate").Finding!.ToString();
            Assert.Contains("Standby reports (local) had not replayed the change", finding, StringComparison.Ordinal);
            Assert.NotNull(end.State.Fact("migrate", StandbyReplay.Fact));
            Assert.Contains(
                fixture.Progress,
                p =>
                    p.Code == "migrations.standbys.before"
                    && p.Arguments["standbys"].Contains("reports", StringComparison.Ordinal)
            );
        }

        await UntilReplayedAsync(fixture.Database);

        // The way back is replayed there too, and waited for.
        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), default);
        Assert.Contains(plan.Locks, l => l.Code == "migrations.standbys.before");
        var run = (await services.Journal.ListAsync(default)).Single().Run;
        var back = await services.Deployment.RollBackAsync(
            run,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        var replay = back.State!.Fact("rollback.revert", StandbyReplay.Fact)!
            .Value.Deserialize(MigrationsJson.Default.StandbyReplay);
        Assert.Equal("reports (local)", Assert.Single(replay!.Before).ToString());
        Assert.Null(replay.Finding);
        await using var there = await standby.ConnectAsync(fixture.Database.Name);
        await using var column = new NpgsqlCommand("select score from public.scores limit 1", there);
        Assert.NotNull(await column.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_reader_of_the_standby_whom_the_replay_cancelled_is_counted()
    {
        await using var standby = await StreamingStandby.StartAsync(cluster, "reports", "50ms");
        await using var fixture = await DeploymentFixture.CreateAsync(
            await TestDatabase.CreateAsync(cluster),
            DeploymentFixture.Unrehearsed
        );
        await WithStandbyAsync(fixture, standby.Connection(fixture.Database.Name));
        await UntilReplayedAsync(fixture.Database);
        await using var reader = await standby.ConnectAsync(fixture.Database.Name);
        await new NpgsqlCommand("begin; select count(*) from top_scores", reader).ExecuteNonQueryAsync();

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        await Assert.ThrowsAnyAsync<NpgsqlException>(() =>
            new NpgsqlCommand("select 1", reader).ExecuteNonQueryAsync()
        );
        var before = end.State!.Fact("migrate", CancelledReaders.Fact)!
            .Value.Deserialize(MigrationsJson.Default.StandbyConflicts)!;
        Assert.All(before.Reasons, r => Assert.Equal(0, r.Count));
        foreach (
            var told in new[] { Told(end.State.Step("complete").Finding!), fixture.Progress.Single(IsToldInWatch) }
        )
        {
            Assert.Equal("migrations.standbys.conflicts", told.Code);
            Assert.Contains("has cancelled 1 queries or open", told.ToString(), StringComparison.Ordinal);
            Assert.Contains("replay: 1 for a lock that was replayed", told.ToString(), StringComparison.Ordinal);
        }

        static Message Told(Message finding) => finding.Parts!["remark"];
        static bool IsToldInWatch(Message p) => p.Code == "migrations.standbys.conflicts";
    }

    [Fact]
    public async Task A_standby_whose_cancelled_queries_cannot_be_asked_for_fails_nothing()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            await TestDatabase.CreateAsync(cluster),
            DeploymentFixture.Unrehearsed
        );
        await WithStandbyAsync(fixture, "host=127.0.0.1 port=1 user=postgres dbname=postgres");

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Contains(fixture.Progress, p => p.Code == "migrations.standbys.conflicts-unasked");
        Assert.Null(end.State!.Fact("migrate", CancelledReaders.Fact));
    }

    [Fact]
    public async Task How_far_a_standby_is_behind_is_a_signal()
    {
        await using var standby = await StreamingStandby.StartAsync(cluster, "reports");
        await using var database = await TestDatabase.CreateAsync(cluster);
        await database.ExecuteAsync("create table t (id int)");
        await UntilReplayedAsync(database);
        var options = new PostgresProbeOptions("lag", SignalUnit.Seconds, PostgresSignal.ReplicationLag);
        await using var probe = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System).Create(
            [options],
            database.Target,
            "tidelock/test/1",
            TimeSpan.FromSeconds(5)
        )[0];
        await Backups.Polling.UntilAsync(async () => (await probe.ReadAsync(default))[0].Value is >= 0 and < 0.2);
        await using (var reader = await standby.ConnectAsync(database.Name))
        {
            await new NpgsqlCommand("begin; select * from t", reader).ExecuteNonQueryAsync();
            await database.ExecuteAsync("drop table t");
            await Backups.Polling.UntilAsync(async () => (await probe.ReadAsync(default))[0].Value > 0.3);
        }

        await UntilReplayedAsync(database);
        await Backups.Polling.UntilAsync(async () => (await probe.ReadAsync(default))[0].Value is >= 0 and < 0.2);
    }

    [Fact]
    public async Task A_change_that_every_standby_has_replayed_says_nothing_of_them()
    {
        await using var standby = await StreamingStandby.StartAsync(cluster, "reports");
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var session = await PostgresSession.OpenAsync(database.Target, "tidelock/test/1", default);
        var before = (await Standbys.ReadAsync(session, default))!;
        await database.ExecuteAsync("create view v as select 1 as a");

        var replay = await StandbyReplay.AwaitAsync(
            session,
            before,
            TimeSpan.FromSeconds(20),
            TimeProvider.System,
            default
        );

        Assert.Equal("reports (local)", Assert.Single(replay.Before).ToString());
        Assert.Null(replay.Finding);
        await using var reader = await standby.ConnectAsync(database.Name);
        Assert.Equal(1, await new NpgsqlCommand("select a from v", reader).ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_standby_that_went_away_meanwhile_is_named()
    {
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var session = await PostgresSession.OpenAsync(database.Target, "tidelock/test/1", default);
        IReadOnlyList<Standby> before;
        await using (await StreamingStandby.StartAsync(cluster, "reports"))
        {
            before = (await Standbys.ReadAsync(session, default))!;
        }

        await database.UntilAsync("select not exists (select from pg_stat_replication)");
        var replay = await StandbyReplay.AwaitAsync(
            session,
            before,
            TimeSpan.FromSeconds(20),
            TimeProvider.System,
            default
        );

        Assert.Equal("migrations.standbys.gone", replay.Finding?.Code);
    }

    [Fact]
    public async Task A_role_that_may_not_see_the_standbys_is_told_so_and_not_that_there_are_none()
    {
        await using var standby = await StreamingStandby.StartAsync(cluster, "reports");
        await using var database = await TestDatabase.CreateAsync(cluster);
        await database.ExecuteAsync("create role deployer login");
        await using var session = await PostgresSession.OpenAsync(
            database.TargetAs("deployer"),
            "tidelock/test/1",
            default
        );

        var seen = await Standbys.ReadAsync(session, default);

        Assert.Null(seen);
        Assert.Equal("migrations.standbys.unseen", StandbyReplay.Told(seen)?.Code);
    }

    public async ValueTask InitializeAsync() =>
        cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["synchronous_commit"] = "on" },
            },
            TestContext.Current.CancellationToken
        );

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    private static async Task WithStandbyAsync(DeploymentFixture fixture, string connection)
    {
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var change = await File.ReadAllTextAsync(file);
        Assert.Contains("\"${DATABASE_URL}\" }", change, StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            file,
            change.Replace(
                "\"${DATABASE_URL}\" }",
                $"\"${{DATABASE_URL}}\", standby: \"{connection}\" }}",
                StringComparison.Ordinal
            )
        );
    }

    private static Task UntilReplayedAsync(TestDatabase database) =>
        database.UntilAsync(
            "select coalesce(bool_and(replay_lsn >= pg_current_wal_flush_lsn()), false) from pg_stat_replication"
        );
}
