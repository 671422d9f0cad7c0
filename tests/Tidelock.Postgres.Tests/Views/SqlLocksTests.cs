using Npgsql;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>SQL by hand locks what nobody knows beforehand: who is in the way is found out by trying.</summary>
public sealed class SqlLocksTests(PostgresServer server)
{
    private const string Watch = "tidelock/test/watch";

    [Fact]
    public async Task Who_holds_a_table_that_a_file_alters_is_named_and_nothing_changes()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t (a int); create table u (a int)");
        await using var reader = await BlockAsync(bench, "select * from u");
        var budget = new LockBudget(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(4), 100);

        var outcome = await bench.RunAsync(Sql("alter table t add b int; alter table u add b int"), budget);

        var refused = Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        var blocker = Assert.Single(refused.Blockers);
        Assert.Equal((reader.ProcessID, "public.u"), (blocker.ProcessId, blocker.Relation?.ToString()));
        Assert.Contains("select * from u", blocker.Query, StringComparison.Ordinal);
        Assert.Contains($"{reader.ProcessID}", refused.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains(bench.Progress, p => p.Code == "migrations.blocker");
        Assert.Equal(1L, await CountAsync(bench, "t"));
        // A long transaction is waited for outside the queue, so that tries are few.
        Assert.True(refused.Tries < 10, $"{refused.Tries} tries");
    }

    [Fact]
    public async Task Who_holds_a_row_is_named_too()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t as select 1 as a");
        await using var writer = await BlockAsync(bench, "update t set a = 2");
        var budget = new LockBudget(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(3), 3);

        var outcome = await bench.RunAsync(Sql("update t set a = 3"), budget);

        var blocker = Assert.Single(Assert.IsType<MigrationOutcome.LockNotGranted>(outcome).Blockers);
        Assert.Equal(writer.ProcessID, blocker.ProcessId);
    }

    [Fact]
    public async Task Many_locks_that_are_each_blocked_a_little_do_not_add_up_beyond_the_budget()
    {
        const int tables = 12;
        var all = Enumerable.Range(0, tables).ToList();
        await using var bench = await ViewBench.EmptyAsync(
            server,
            string.Concat(all.Select(i => $"create table t{i} (a int);"))
        );
        var budget = new LockBudget(TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(40), 100);
        var blockers = new List<NpgsqlConnection>();
        foreach (var i in all)
        {
            blockers.Add(await BlockAsync(bench, $"select * from t{i}"));
        }

        // One goes after the other, so that no single wait reaches the budget.
        var going = GoAsync(bench, blockers, budget.Try / 2);
        var outcome = await bench.RunAsync(Sql(string.Concat(all.Select(i => $"alter table t{i} add b int;"))), budget);
        await going;

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.True(applied.Tries > 1, "all waits fitted into one try");
        Assert.True(applied.LongestLockWait < budget.Try * 5, $"waited {applied.LongestLockWait}");
        Assert.Equal(2L, await CountAsync(bench, $"t{tables - 1}"));
    }

    [Theory]
    [InlineData("", "a session of the same database without a name")]
    [InlineData("tidelock/test/1/tool", "a session of the same name in another database")]
    public async Task A_strangers_wait_is_neither_counted_nor_cancelled(string watched, string stranger)
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t (a int)");
        await using var other = await ViewBench.EmptyAsync(server, "create table t (a int)");
        var theirs = (watched.Length == 0 ? bench : other).Database;
        await using var holder = await theirs.ConnectAsync();
        await new NpgsqlCommand("begin; lock table t", holder).ExecuteNonQueryAsync();
        await using var waiting = await theirs.ConnectAsync();
        await new NpgsqlCommand($"set application_name = '{watched}'", waiting).ExecuteNonQueryAsync();
        var wait = new NpgsqlCommand("begin; lock table t", waiting).ExecuteNonQueryAsync();
        await theirs.UntilAsync(
            $"select exists (select from pg_locks where not granted and pid = {waiting.ProcessID})"
        );
        await using var session = await bench.OpenAsync();
        await using var watch = new LockWatch(
            bench.Database.Target,
            Watch,
            watched.Length == 0 ? WatchedBackends.Of(session) : WatchedBackends.Named(watched),
            TimeSpan.FromMilliseconds(20),
            TimeProvider.System
        );

        await watch.OverAsync(() => LookedAsync(bench.Database), default);

        Assert.True(!watch.HasWaited && !wait.IsCompleted, stranger);
        await holder.DisposeAsync();
        Assert.Equal(-1, await wait);
    }

    [Fact]
    public async Task A_watch_whose_connection_is_ended_opens_another_and_still_cancels()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t (a int)");
        await using var holder = await BlockAsync(bench, "lock table t");
        await using var session = await bench.OpenAsync();
        await using var watch = new LockWatch(
            bench.Database.Target,
            "tidelock/watch/1",
            WatchedBackends.Of(session),
            TimeSpan.FromSeconds(3),
            TimeProvider.System
        );
        // Only once what is watched waits: before, the watch is still opening its first connection.
        var ending = bench.Database.UntilAsync(
            $"""
            select coalesce(bool_or(pg_terminate_backend(w.pid)), false) from pg_stat_activity w
            where w.datname = current_database() and w.application_name = 'tidelock/watch/1'
              and exists (select from pg_locks where pid = {session.Connection.ProcessID} and not granted)
            """
        );

        var error = await Assert.ThrowsAsync<PostgresException>(() =>
            watch.OverAsync(
                async () =>
                {
                    await session.ExecuteAsync("set lock_timeout = 0; begin; lock table public.t", default);
                    return true;
                },
                default
            )
        );

        await ending;
        Assert.Equal(PostgresErrorCodes.QueryCanceled, error.SqlState);
        Assert.True(watch.Exceeded);
        Assert.Equal(holder.ProcessID, Assert.Single(watch.Blockers).ProcessId);
    }

    /// <summary>Waits until the watch has looked ten times: each look is a query of its own.</summary>
    private static async Task<bool> LookedAsync(TestDatabase database)
    {
        const string latest =
            $"select query_start::text from pg_stat_activity where datname = current_database() and application_name = '{Watch}'";
        for (var looks = 0; looks < 10; looks++)
        {
            var before = await database.ScalarAsync<string>(latest);
            await database.UntilAsync($"select ({latest}) <> '{before}'");
        }

        return true;
    }

    private static async Task GoAsync(ViewBench bench, List<NpgsqlConnection> blockers, TimeSpan each)
    {
        await bench.Database.UntilAsync(
            "select exists (select from pg_locks where not granted and relation = 't0'::regclass)"
        );
        foreach (var connection in blockers)
        {
            await Task.Delay(each, TimeProvider.System);
            await connection.DisposeAsync();
        }
    }

    private static async Task<NpgsqlConnection> BlockAsync(ViewBench bench, string sql)
    {
        var connection = await bench.Database.ConnectAsync();
        await new NpgsqlCommand($"begin; {sql}", connection).ExecuteNonQueryAsync();
        return connection;
    }

    private static Task<long> CountAsync(ViewBench bench, string table) =>
        bench.Database.ScalarAsync<long>(
            $"select count(*) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0"
        );

    private static IMigrationMove Sql(string sql) =>
        new SqlMigration(new ChangeFile("up.sql", sql), null, ViewBench.Budget).Forward(null);
}
