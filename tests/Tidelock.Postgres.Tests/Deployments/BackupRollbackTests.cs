using System.Text.Json;
using Npgsql;
using Tidelock.Backups.Losses;
using Tidelock.Backups.Restoring;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Runs;
using Tidelock.Texts;

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
            await holder.ExecuteAsync("rollback", default);
        }

        await fixture.Database.ExecuteAsync(
            "drop view top_scores; create view top_scores as select id from public.scores where score > 110"
        );
        var back = await BackAsync(fixture, done);

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(new RestoreEnd(back.State!.Rollback!.At, RestoreFate.Restored), End(back.State));
    }

    [Fact]
    public async Task Rows_written_since_are_saved_before_the_restore_and_the_tables_without_a_key_are_named()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.ExecuteAsync("create table log (line text); create sequence numbers");
        await fixture.Database.SettleAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync(
            """
            insert into results values (101, 'late', 7); update results set name = 'changed' where id = 1;
            delete from results where id = 2; insert into log values ('x'), ('y');
            select nextval('numbers') from generate_series(1, 30);
            """
        );

        var back = await BackAsync(fixture, done, "in-place rescue");

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.True(back.State!.Rollback!.Rescues);
        var schema = RowRescue.SchemaOf(done.Run!.Value.Value);
        Assert.Equal(
            ["1|changed|1.5", "101|late|7"],
            await fixture.Database.RowsAsync($"""select * from {schema}."public.results" order by id""")
        );
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from results"));
        Assert.Equal(0, await fixture.Database.ScalarAsync<long>("select count(*) from log"));
        var told = back.State.Step("rollback.revert").Finding!.ToString();
        Assert.Contains(
            $"2 rows of 1 tables that the backup has not are saved in schema {schema}",
            told,
            StringComparison.Ordinal
        );
        Assert.Contains("2 rows of public.log", told, StringComparison.Ordinal);
        Assert.Contains("to the last number given out: public.numbers", told, StringComparison.Ordinal);
        Assert.Equal(31, await fixture.Database.ScalarAsync<long>("select nextval('numbers')"));
    }

    [Fact]
    public async Task A_partition_newer_than_the_backup_is_named_before_it_falls_and_its_rows_are_saved()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.ExecuteAsync("create table events (id int, month int) partition by list (month)");
        await fixture.Database.SettleAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync(
            """
            create table events_1 partition of events (primary key (id)) for values in (1);
            insert into events select n, 1 from generate_series(1, 500) n;
            """
        );

        RollbackAssessment? told = null;
        await Polling.UntilAsync(async () => (told = await fixture.AssessAsync(done, "in-place")).RowsLost == 500);
        var back = await BackAsync(fixture, done, "in-place rescue");

        Assert.Equal("rollbacks.in-place.falling", told!.Cost.Code);
        Assert.Equal("public.events_1", told.Cost.Arguments["tables"]);
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Null(await fixture.Database.ScalarAsync<string>("select to_regclass('events_1')::text"));
        var schema = RowRescue.SchemaOf(done.Run!.Value.Value);
        Assert.Equal(
            500,
            await fixture.Database.ScalarAsync<long>($"""select count(*) from {schema}."public.events_1" """)
        );
    }

    [Fact]
    public async Task Nothing_is_restored_in_place_where_a_partition_has_its_parents_key_and_tables_that_are_there_stay()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.ExecuteAsync(
            """
            create table events (id int primary key) partition by list (id);
            create table events_1 partition of events for values in (1);
            insert into events values (1);
            """
        );
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        var told = await fixture.AssessAsync(done, "in-place");
        var beside = await fixture.AssessAsync(done, "backup");
        var back = await BackAsync(fixture, done);

        Assert.False(told.Usable);
        Assert.Equal("rollbacks.in-place.inherited", told.Cost.Code);
        Assert.Equal("public.events_1", told.Cost.Arguments["table"]);
        Assert.True(beside.Usable, beside.Cost.ToString());
        Assert.Equal(ExitCode.NeedsPerson, back.ExitCode);
        Assert.Equal("rollbacks.in-place.inherited", back.Finding.Code);
        Assert.Equal(1, await fixture.Database.ScalarAsync<long>("select count(*) from events"));
    }

    [Fact]
    public async Task A_restore_beside_loses_the_tables_newer_than_the_backup_too_and_names_them()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync("create table later as select n from generate_series(1, 7) n");

        RollbackAssessment? told = null;
        await Polling.UntilAsync(async () => (told = await fixture.AssessAsync(done, "backup")).RowsLost == 7);

        Assert.Equal("rollbacks.beside.newer", told!.Cost.Code);
        Assert.Equal("public.later", told.Cost.Arguments["tables"]);
    }

    [Fact]
    public async Task Rows_that_cannot_be_saved_keep_the_backup_from_being_restored()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.SettleAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync("insert into results values (101, 'late', 7)");
        var schema = RowRescue.SchemaOf(done.Run!.Value.Value);
        await fixture.Database.ExecuteAsync(
            $"""create schema {schema}; create view {schema}."public.results" as select 1 as not_ours"""
        );

        var back = await BackAsync(fixture, done, "in-place rescue");

        Assert.True(back.ExitCode == ExitCode.NeedsPerson, back.Finding.ToString());
        Assert.Equal("rollbacks.rescue.not-restored", back.Finding.Code);
        Assert.Equal(101, await fixture.Database.ScalarAsync<long>("select count(*) from results"));
        Assert.True(back.State!.InPlace);
    }

    [Fact]
    public async Task A_backup_too_large_for_one_transaction_is_half_restored_when_the_server_restarts_and_whole_when_run_again()
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["max_connections"] = "20",
                    ["max_locks_per_transaction"] = "10",
                },
            },
            CancellationToken.None
        );
        await using var fixture = await DeploymentFixture.CreateAsync(await TestDatabase.CreateAsync(cluster), Quick);
        await fixture.Database.ExecuteAsync(
            """
            do $$ begin for i in 1..30 loop execute format('create table many_%s (id int primary key, name text)', i); end loop; end $$;
            """
        );
        var standing = new StandingRestore(fixture.Database);
        await standing.MakeAsync();
        await fixture.Database.SettleAsync();
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync("insert into results values (101, 'late', 7)");

        // A throwaway server does not wait for its log: without this the crash could take the row with it.
        await fixture.Database.ExecuteAsync("checkpoint");

        await using var standsStill = await standing.HoldAsync("copy");
        var restoring = BackAsync(fixture, done, "in-place rescue");
        await fixture.Database.UntilAsync(
            "select count(*) > 0 from pg_stat_activity where application_name like '%/restore' and query ilike 'COPY%large%'"
        );
        await cluster.RestartAsync("immediate", CancellationToken.None);

        var halfway = await restoring;
        Assert.True(halfway.ExitCode == ExitCode.NeedsPerson, halfway.Finding.ToString());
        Assert.Equal("backups.restore.cut-off", halfway.Finding.Parts!["finding"].Code);
        Assert.Equal("rollbacks.rescue.saved", halfway.Finding.Code);
        Assert.Equal(RestoreFate.Halfway, End(halfway.State!).Fate);

        var back = await BackAsync(fixture, done, "in-place rescue");
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(StandingRestore.Rows, await fixture.Database.ScalarAsync<long>("select count(*) from large"));
        Assert.Equal(
            ["101|late|7"],
            await fixture.Database.RowsAsync(
                $"""select * from {RowRescue.SchemaOf(done.Run!.Value.Value)}."public.results" """
            )
        );
    }

    [Fact]
    public async Task A_restore_by_jobs_that_outlived_its_program_is_ended_before_anybody_looks_and_counts_as_halfway()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var started = new TaskCompletionSource<StartedChild>();
        var orphan = new ChildProgram("sleep", "300")
        {
            OnStarted = child =>
            {
                started.SetResult(child);
                return Task.CompletedTask;
            },
        }.RunAsync(CancellationToken.None);
        var back = new RollbackStarted("in-place", Message.Of("runs.asked-by", ("by", "kim")), "kim");
        var at = TimeProvider.System.GetUtcNow();
        var intent = new RestoreIntent("/gone", 1, [], at) { Jobs = 2 };
        var run = await fixture.JournalAsync([
            .. fixture.Events,
            back with
            {
                At = at,
            },
            Fact("restore", JsonSerializer.SerializeToElement(intent, RollbacksJson.Default.RestoreIntent)),
            Fact(
                "restore child",
                JsonSerializer.SerializeToElement(await started.Task, RollbacksJson.Default.StartedChild)
            ),
        ]);
        await using var services = await fixture.OpenAsync();

        var end = await services.Deployment.ResumeAsync(run, fixture.Request(), false, fixture.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.NeedsPerson, end.Finding.ToString());
        Assert.Equal("backups.restore.cut-off", end.Finding.Code);
        Assert.False((await orphan).Succeeded);
        var again = await services.Deployment.RollBackAsync(
            run,
            fixture.Request(),
            "in-place",
            fixture.Terminal(),
            default
        );
        Assert.True(again.ExitCode == ExitCode.RolledBack, again.Finding.ToString());

        static FactRecorded Fact(string name, JsonElement value) => new("rollback.revert", name, value);
    }

    [Fact]
    public async Task What_a_restore_would_lose_is_journaled_while_the_run_goes_on()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await EditAsync(fixture, "watch: { for: 1s,", "watch: { for: 3s,");
        await using var somebody = await fixture.Database.ConnectAsync();
        fixture.On = e =>
        {
            if (e is StepEnded { Step: "baseline" })
            {
                using var insert = new NpgsqlCommand("insert into results values (101, 'late', 7)", somebody);
                insert.ExecuteNonQuery();
                somebody.Close();
            }
        };

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var lost = PointOfNoReturn.Of(done.State!);
        Assert.Equal(1, lost?.Rows);
        Assert.Equal(["public.results 1"], lost!.Tables);
        Assert.InRange(lost.Since!.Value, done.State!.Step("backup").StartedAt!.Value.AddSeconds(-1), lost.At);
    }

    private static RestoreEnd End(RunState state) =>
        state.Fact("rollback.revert", InPlaceRollback.EndFact)!.Value.Deserialize(RollbacksJson.Default.RestoreEnd)!;

    private static Task HurryAsync(DeploymentFixture fixture) =>
        EditAsync(fixture, "  down: down.sql\n", "  down: down.sql\n  locks: { try: 300ms, total: 10s, tries: 2 }\n");

    private static async Task EditAsync(DeploymentFixture fixture, string old, string now)
    {
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var text = await File.ReadAllTextAsync(file, CancellationToken.None);
        Assert.Contains(old, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace(old, now, StringComparison.Ordinal), CancellationToken.None);
    }

    private static async Task<DeploymentEnd> BackAsync(
        DeploymentFixture fixture,
        DeploymentEnd done,
        string way = "in-place"
    )
    {
        await using var services = await fixture.OpenAsync();
        return await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            way,
            fixture.Terminal(),
            default
        );
    }
}
