using Npgsql;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Statements;
using Tidelock.Postgres.Tests.Tools;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>A real autovacuum that takes its time, on a server of its own.</summary>
public sealed class AutovacuumTests
{
    private static readonly LockBudget Budget = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30), 1000);
    private static readonly LockBudget GivenUp = Budget with { Total = TimeSpan.FromSeconds(6) };

    [Fact]
    public async Task Autovacuum_gives_way_to_one_announced_long_try_on_its_table()
    {
        await using var cluster = await StartAsync("1s");
        await using var bench = await VacuumedAsync(cluster);

        var outcome = await bench.RunAsync(Sql("alter table t add b int"), Budget);

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Single(bench.Progress, p => p.Code == "migrations.autovacuum.long-try");
        Assert.True(applied.LongestLockWait > TimeSpan.FromMilliseconds(900), $"waited {applied.LongestLockWait}");
        Assert.Contains("canceling autovacuum task", await cluster.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_reader_beside_it_autovacuum_is_waited_for_like_anybody_else()
    {
        await using var cluster = await StartAsync("1s");
        await using var bench = await VacuumedAsync(cluster);
        await using var reader = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; select count(*) from t", reader).ExecuteNonQueryAsync();
        // A reader that has just begun is taken for one of those that come and go.
        await bench.Database.UntilAsync(
            $"select xact_start < clock_timestamp() - interval '300 ms' from pg_stat_activity where pid = {reader.ProcessID}"
        );

        var outcome = await bench.RunAsync(Sql("alter table t add b int"), GivenUp);

        var refused = Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        Assert.Equal(2, refused.Blockers.Count);
        Assert.DoesNotContain(bench.Progress, p => p.Code == "migrations.autovacuum.long-try");
        Assert.DoesNotContain("canceling autovacuum task", await cluster.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_deadlock_timeout_was_raised_readers_are_not_made_to_queue_that_long()
    {
        await using var cluster = await StartAsync("20s");
        await using var bench = await VacuumedAsync(cluster);

        var outcome = await bench.RunAsync(Sql("alter table t add b int"), GivenUp);

        Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        var said = Assert.Single(bench.Progress, p => p.Code == "migrations.autovacuum.too-long");
        Assert.Contains("20 s", said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_gives_way_to_alembics_one_long_try_too()
    {
        await using var cluster = await StartAsync("1s");
        await using var bench = await AlembicBench.CreateAsync(await TestDatabase.CreateAsync(cluster));
        await VacuumAsync(bench.Database);
        bench.Edit(
            "versions/attempt_view_v1.py",
            "(SQL / \"attempt_v1.sql\").read_text()",
            "\"alter table t add b int\""
        );
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));

        var outcome = await new ToolRun(
            bench.Migration().Tool,
            await bench.GroundAsync(Budget),
            TimeProvider.System
        ).RunAsync(
            new ToolPath("attempt_before", "attempt_view_v1"),
            ToolDirection.Up,
            _ => Task.CompletedTask,
            bench.Progress.Add,
            deadline.Token
        );

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Equal(2, applied.Tries);
        Assert.Single(bench.Progress, p => p.Code == "migrations.autovacuum.long-try");
        Assert.Contains("canceling autovacuum task", await cluster.LogAsync(), StringComparison.Ordinal);
        Assert.Equal(["attempt_view_v1"], await bench.VersionAsync());
    }

    [Fact]
    public async Task It_gives_way_to_one_long_try_of_a_statement_with_a_transaction_of_its_own()
    {
        await using var cluster = await StartAsync("1s");
        await using var bench = new StatementBench(await TestDatabase.CreateAsync(cluster));
        await VacuumAsync(bench.Database);

        var outcome = await bench.RunAsync("alter table t add b int", Budget);

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Single(bench.Progress, p => p.Code == "migrations.autovacuum.long-try");
        Assert.True(applied.LongestLockWait > TimeSpan.FromMilliseconds(900), $"waited {applied.LongestLockWait}");
        Assert.Contains("canceling autovacuum task", await cluster.LogAsync(), StringComparison.Ordinal);
    }

    private static Task<LocalCluster> StartAsync(string deadlockTimeout) =>
        LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["autovacuum_naptime"] = "1s",
                    ["deadlock_timeout"] = deadlockTimeout,
                },
            },
            default
        );

    /// <summary>A table that autovacuum is busy with for minutes.</summary>
    private static async Task<ViewBench> VacuumedAsync(LocalCluster cluster)
    {
        var bench = new ViewBench(await TestDatabase.CreateAsync(cluster));
        await VacuumAsync(bench.Database);
        return bench;
    }

    private static async Task VacuumAsync(TestDatabase database)
    {
        await database.ExecuteAsync(
            """
            create table t (a int, filler text) with (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
                autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
            insert into t select i, repeat('x', 500) from generate_series(1, 20000) i;
            delete from t where a % 2 = 0;
            """
        );
        await database.UntilAsync(
            """
            select exists (select from pg_stat_activity a join pg_locks l using (pid)
            where a.backend_type = 'autovacuum worker' and l.granted and l.relation = 't'::regclass and a.xact_start < clock_timestamp() - interval '300 ms')
            """
        );
    }

    private static IMigrationMove Sql(string sql) =>
        new SqlMigration(new ChangeFile("up.sql", sql), null, Budget).Forward(null);
}
