using Tidelock.Backups;
using Tidelock.Backups.Restoring;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Backups.Restoring;

public sealed class RestoringTests(PostgresServer server)
{
    private static readonly LockBudget Patient = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30), 3);

    [Fact]
    public async Task A_restore_brings_back_content_owners_grants_and_comments()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var before = await exam.ContentAsync();
        var backup = await exam.TakeAsync();
        await DamageAsync(exam);
        var restored = await RestoreAsync(exam, backup, await PrepareAsync(exam, backup), Patient);
        Assert.Equal("backups.restore.done", restored.Finding.Code);
        Assert.Equal(RestoreFate.Restored, restored.Fate);
        Assert.Equal(before, await exam.ContentAsync());
    }

    [Fact]
    public async Task What_was_created_after_the_backup_and_needs_nothing_of_it_stays()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync("create table \"exam data\".later as select 1 as a");
        var restored = await RestoreAsync(exam, backup, await PrepareAsync(exam, backup), Patient);
        Assert.Equal(RestoreFate.Restored, restored.Fate);
        Assert.Equal(1, await exam.Database.ScalarAsync<int>("select a from \"exam data\".later"));
    }

    [Fact]
    public async Task A_newer_view_on_a_restored_table_is_named_and_nothing_changes()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync("create view newer as select * from attempt");
        var before = await exam.ContentAsync();
        var restored = await RestoreAsync(exam, backup, await PrepareAsync(exam, backup), Patient);
        Assert.Equal(RestoreFate.NotRestored, restored.Fate);
        Assert.Equal("backups.restore.failed", restored.Finding.Code);
        Assert.Contains("newer", restored.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await exam.ContentAsync());
    }

    [Fact]
    public async Task A_reader_that_holds_a_lock_is_waited_for_within_the_budget_and_named()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await using var reader = await ReadAsync(exam);
        var before = await exam.ContentAsync();
        var intent = await PrepareAsync(exam, backup);
        var budget = new LockBudget(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(20), 2);
        var restored = await RestoreAsync(exam, backup, intent, budget);
        Assert.Equal(RestoreFate.NotRestored, restored.Fate);
        Assert.Equal(2, restored.Tries);
        Assert.Equal("backups.restore.gave-up", restored.Finding.Code);
        Assert.Contains($"pid {reader.ProcessID}", restored.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("idle in transaction", restored.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await exam.ContentAsync());
    }

    [Fact]
    public async Task A_restore_goes_through_once_the_reader_is_gone()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var intent = await PrepareAsync(exam, backup);
        await using var reader = await ReadAsync(exam);
        var budget = new LockBudget(TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(2), 100);
        var told = new List<Message>();
        var restored = await exam.Restorer.RestoreAsync(
            backup,
            intent,
            exam.Database.Target,
            ExamDatabase.Run,
            budget,
            blocked =>
            {
                told.Add(blocked);
                LetGo(reader);
            },
            CancellationToken.None
        );
        Assert.Equal(RestoreFate.Restored, restored.Fate);
        Assert.Equal("backups.restore.blocked", Assert.Single(told).Code);
        Assert.Equal(2, restored.Tries);
    }

    [Fact]
    public async Task A_pg_restore_killed_while_it_waits_for_a_lock_changes_nothing()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await using var reader = await ReadAsync(exam);
        await AssertKilledChangesNothingAsync(exam, backup, "wait_event_type = 'Lock'");
    }

    [Theory]
    [InlineData("copy", "COPY public.large%")]
    [InlineData("index", "CREATE INDEX%")]
    public async Task A_pg_restore_killed_while_it_works_changes_nothing(string place, string statement)
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var standing = new StandingRestore(exam.Database);
        await standing.MakeAsync();
        var backup = await exam.TakeAsync();
        await using var holder = await standing.HoldAsync(place);
        await AssertKilledChangesNothingAsync(exam, backup, $"query ilike '{statement}'");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_commit_that_waits_for_a_missing_standby_counts_as_done_killed_or_not(bool killed)
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["synchronous_commit"] = "on" },
            },
            CancellationToken.None
        );
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var exam = await ExamDatabase.CreateAsync(database);
        var before = await exam.ContentAsync();
        var backup = await exam.TakeAsync();
        await DamageAsync(exam);
        var intent = await PrepareAsync(exam, backup);

        // A synchronous standby that does not exist keeps COMMIT from returning, although it has taken effect.
        await exam.Database.ExecuteAsync("alter system set synchronous_standby_names = 'nobody'");
        await exam.Database.ExecuteAsync("select pg_reload_conf()");
        var restoring = RestoreAsync(exam, backup, intent, Patient);
        await SeenAsync(exam, "wait_event = 'SyncRep'");
        Assert.Equal(killed ? 1 : 0, killed ? Polling.Kill("pg_restore", backup.Path) : 0);
        var restored = await restoring;
        Assert.Equal(RestoreFate.Restored, restored.Fate);
        Assert.Equal(before, await exam.ContentAsync());
        await exam.Database.ExecuteAsync("alter system reset synchronous_standby_names");
        await exam.Database.ExecuteAsync("select pg_reload_conf()");
    }

    [Fact]
    public async Task A_restore_that_is_called_again_with_its_intent_does_not_restore_twice()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var intent = await PrepareAsync(exam, backup);
        await RestoreAsync(exam, backup, intent, Patient);
        await exam.Database.ExecuteAsync("insert into exam_results (student, answers) values ('after', '[]')");
        var again = await RestoreAsync(exam, backup, intent, Patient);
        Assert.Equal(RestoreFate.Restored, again.Fate);
        Assert.Equal(0, again.Tries);
        Assert.Equal(501, await exam.Database.ScalarAsync<long>("select count(*) from exam_results"));
    }

    [Fact]
    public async Task Somebody_elses_change_of_one_relation_is_not_taken_for_a_restore()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var intent = await PrepareAsync(exam, backup);
        await exam.Database.ExecuteAsync(
            "drop view attempts_per_student; create view attempts_per_student as select 1 as n"
        );
        var restored = await RestoreAsync(exam, backup, intent, Patient);
        Assert.Equal(RestoreFate.Unknown, restored.Fate);
        Assert.Equal("backups.restore.unknown", restored.Finding.Code);
    }

    [Fact]
    public async Task Default_privileges_of_the_restoring_role_add_no_grant()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var before = await exam.ContentAsync();
        await exam.Database.ExecuteAsync("alter default privileges grant insert, select on tables to reporting");
        var restored = await RestoreAsync(exam, backup, await PrepareAsync(exam, backup), Patient);
        Assert.Equal(RestoreFate.Restored, restored.Fate);
        Assert.Equal(before, await exam.ContentAsync());
    }

    [Fact]
    public async Task Several_jobs_bring_back_the_same_as_one_transaction()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var before = await exam.ContentAsync();
        var backup = await exam.TakeAsync();
        await DamageAsync(exam);
        var intent = await PrepareAsync(exam, backup) with { Jobs = 2 };

        var restored = await RestoreAsync(exam, backup, intent, Patient);

        Assert.True(restored.Fate == RestoreFate.Restored, restored.Finding.ToString());
        Assert.Equal(before, await exam.ContentAsync());
    }

    [Fact]
    public async Task Several_jobs_that_stop_leave_it_half_restored_say_so_and_may_run_again()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var before = await exam.ContentAsync();
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync("create view newer as select * from attempt");

        var stopped = await RestoreAsync(exam, backup, await PrepareAsync(exam, backup) with { Jobs = 2 }, Patient);

        Assert.Equal(RestoreFate.Halfway, stopped.Fate);
        Assert.Equal("backups.restore.halfway", stopped.Finding.Code);
        Assert.Contains("newer", stopped.Finding.ToString(), StringComparison.Ordinal);
        Assert.NotEqual(before, await exam.ContentAsync());

        await exam.Database.ExecuteAsync("drop view newer");
        var again = await RestoreAsync(exam, backup, await PrepareAsync(exam, backup) with { Jobs = 2 }, Patient);
        Assert.True(again.Fate == RestoreFate.Restored, again.Finding.ToString());
        Assert.Equal(before, await exam.ContentAsync());
    }

    [Fact]
    public async Task Several_jobs_wait_for_a_reader_and_tell_who_it_is()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var intent = await PrepareAsync(exam, backup) with { Jobs = 2 };
        await using var reader = await ReadAsync(exam);
        var pid = $"pid {reader.ProcessID}";
        var told = new List<Message>();

        var restored = await exam.Restorer.RestoreAsync(
            backup,
            intent,
            exam.Database.Target,
            ExamDatabase.Run,
            new LockBudget(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100), 1),
            blocked =>
            {
                told.Add(blocked);
                LetGo(reader);
            },
            CancellationToken.None
        );

        Assert.True(restored.Fate == RestoreFate.Restored, restored.Finding.ToString());
        Assert.Contains(pid, told[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_restarted_in_mid_restore_has_what_it_had()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var exam = await ExamDatabase.CreateAsync(database);
        var standing = new StandingRestore(database);
        await standing.MakeAsync();
        var backup = await exam.TakeAsync();
        await DamageAsync(exam);
        var before = await exam.ContentAsync();
        var intent = await PrepareAsync(exam, backup);
        // A throwaway server does not wait for its log: without this the crash could take the tables with it.
        await exam.Database.ExecuteAsync("checkpoint");
        await using var holder = await standing.HoldAsync("copy");
        var restoring = RestoreAsync(exam, backup, intent, Patient);
        await SeenAsync(exam, "query ilike 'COPY public.large%'");

        await cluster.RestartAsync("immediate", CancellationToken.None);

        var lost = await Assert.ThrowsAnyAsync<Exception>(() => restoring);
        Assert.True(ConnectionLoss.IsLoss(lost) || lost is TidelockException, lost.ToString());
        Assert.Equal(before, await exam.ContentAsync());
        var again = await RestoreAsync(exam, backup, intent, Patient);
        Assert.True(again.Fate == RestoreFate.Restored, again.Finding.ToString());
    }

    [Fact]
    public async Task A_disk_that_fills_up_in_mid_restore_leaves_what_was_there()
    {
        await using var disk = await SmallTablespace.MountAsync("64m");
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var exam = await ExamDatabase.CreateAsync(database);
        await exam.Database.ExecuteAsync(
            "create table large as select n, md5(n::text) || md5((n + 1)::text) as x from generate_series(1, 150000) n"
        );
        await TestDatabase.RunAsync(
            cluster.TargetAs("postgres", "postgres"),
            $"create tablespace small location '{disk.Folder}'"
        );
        await TestDatabase.RunAsync(
            cluster.TargetAs("postgres", "postgres"),
            $"alter database {database.Name} set tablespace small"
        );
        var backup = await exam.TakeAsync();
        await DamageAsync(exam);
        var before = await exam.ContentAsync();
        var intent = await PrepareAsync(exam, backup);
        disk.FillTo(8 << 20);

        var restored = await RestoreAsync(exam, backup, intent, Patient);

        Assert.Equal(RestoreFate.NotRestored, restored.Fate);
        Assert.Contains("No space left on device", restored.Finding.ToString(), StringComparison.Ordinal);
        disk.GiveSpace();
        Assert.Equal(before, await exam.ContentAsync());
        var again = await RestoreAsync(exam, backup, intent, Patient);
        Assert.True(again.Fate == RestoreFate.Restored, again.Finding.ToString());
    }

    private static async Task AssertKilledChangesNothingAsync(ExamDatabase exam, Backup backup, string when)
    {
        var before = await exam.ContentAsync();
        var intent = await PrepareAsync(exam, backup);
        var restoring = RestoreAsync(exam, backup, intent, Patient);
        await SeenAsync(exam, when);
        Assert.Equal(1, Polling.Kill("pg_restore", backup.Path));
        var restored = await restoring;
        Assert.Equal(RestoreFate.NotRestored, restored.Fate);
        Assert.Equal(before, await exam.ContentAsync());
        Assert.Equal(intent.Relations, (await PrepareAsync(exam, backup)).Relations);
    }

    private static Task SeenAsync(ExamDatabase exam, string condition) =>
        Polling.UntilAsync(async () =>
            await exam.Database.ScalarAsync<long>(
                $"""
                select count(*) from pg_stat_activity
                where application_name = '{ExamDatabase.Run}/restore' and datname = current_database() and {condition}
                """
            ) > 0
        );

    /// <summary>At once, which the end of a session is not.</summary>
    private static void LetGo(Npgsql.NpgsqlConnection reader)
    {
        using var rollback = new Npgsql.NpgsqlCommand("rollback", reader);
        rollback.ExecuteNonQuery();
    }

    private static async Task<Npgsql.NpgsqlConnection> ReadAsync(ExamDatabase exam)
    {
        var reader = await exam.Database.ConnectAsync();
        await using var command = new Npgsql.NpgsqlCommand("begin; select count(*) from attempt", reader);
        await command.ExecuteScalarAsync(CancellationToken.None);
        return reader;
    }

    private static Task DamageAsync(ExamDatabase exam) =>
        exam.Database.ExecuteAsync(
            """
            drop view attempt cascade;
            create view attempt as select 1 as broken;
            update exam_results set answers = '[]';
            delete from "exam data"."odd ""name";
            revoke select (student) on exam_results from reporting;
            """
        );

    private static async Task<RestoreIntent> PrepareAsync(ExamDatabase exam, Backup backup)
    {
        await using var session = await exam.OpenAsync();
        return await exam.Restorer.PrepareAsync(backup, session, CancellationToken.None);
    }

    private static Task<RestoreResult> RestoreAsync(
        ExamDatabase exam,
        Backup backup,
        RestoreIntent intent,
        LockBudget budget
    ) =>
        exam.Restorer.RestoreAsync(
            backup,
            intent,
            exam.Database.Target,
            ExamDatabase.Run,
            budget,
            _ => { },
            CancellationToken.None
        );
}
