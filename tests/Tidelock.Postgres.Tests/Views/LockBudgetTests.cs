using System.Diagnostics;
using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

public sealed class LockBudgetTests(PostgresServer server)
{
    private const string Setup =
        "create table t as select 1 as a; create view v as select a from t; create view w as select a from v";

    /// <summary>Less than the wait of any test, and more than DDL takes on a machine that does much else.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_lock_that_is_never_granted_names_the_blocker_and_changes_nothing()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var catalog = await bench.CatalogAsync();
        await using var reader = await bench.Database.ConnectAsync();
        var pid = await BeginReadAsync(reader, "select * from w");
        var budget = new LockBudget(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2), 100);

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t", budget));

        var refused = Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        var blocker = Assert.Single(refused.Blockers);
        Assert.Equal(pid, blocker.ProcessId);
        Assert.Equal("idle in transaction", blocker.State);
        Assert.Contains("select * from w", blocker.Query, StringComparison.Ordinal);
        Assert.Contains($"{pid}", refused.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains(bench.Progress, p => p.Code == "migrations.blocker");
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_reader_of_several_seconds_is_waited_for_while_other_readers_go_on()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        await using var slow = await bench.Database.ConnectAsync();
        await BeginReadAsync(slow, "select * from v");
        await bench.Database.UntilAsync(
            $"select clock_timestamp() - xact_start > '0.3 s' from pg_stat_activity where pid = {slow.ProcessID}"
        );
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => ReadAsync(bench, stop.Token)).ToList();

        var migration = bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t"));
        await Polling.UntilAsync(() => Task.FromResult(bench.Progress.Count > 0));
        var since = await bench.Database.ScalarAsync<string>("select clock_timestamp()::text");
        await bench.Database.UntilAsync($"select clock_timestamp() - timestamptz '{since}' > '3.1 s'");
        Assert.False(migration.IsCompleted);
        Assert.Empty(bench.Tries);
        await new NpgsqlCommand("commit", slow).ExecuteNonQueryAsync();
        var outcome = await migration;
        await stop.CancelAsync();

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.True(applied.Took > TimeSpan.FromSeconds(3), $"took {applied.Took}");
        await ReaderStalls.NoneAsync(bench.Database, await Task.WhenAll(readers));
    }

    [Fact]
    public async Task The_wait_for_all_locks_of_a_try_together_stays_within_the_budget()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            Setup + "; create view x as select a from v; create view y as select a from v"
        );
        var blockers = new List<NpgsqlConnection>();
        var before = await bench.CaptureAsync(new RelationName("public", "v"));
        var budget = new LockBudget(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), 2);
        await using var session = await bench.OpenAsync();
        var open = new OpenTry(session, budget.Try, TimeProvider.System);
        await using (await session.Connection.BeginTransactionAsync())
        {
            foreach (var view in new[] { "w", "x", "y" })
            {
                var connection = await bench.Database.ConnectAsync();
                blockers.Add(connection);
                await BeginReadAsync(connection, $"select * from {view}");
            }

            var start = Stopwatch.GetTimestamp();
            var granted = ReleaseAsync(blockers, TimeSpan.FromMilliseconds(150));
            var e = await Assert.ThrowsAsync<PostgresException>(() =>
                ViewWork.LockAsync(open, ClosureRestore.Lock(before!), default)
            );
            Assert.Equal("55P03", e.SqlState);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
            Assert.True(open.Waited < TimeSpan.FromSeconds(5), $"waited {open.Waited}");
            await granted;
        }
    }

    [Fact]
    public async Task A_reader_that_stalls_is_in_the_servers_log()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        await using var holder = await bench.Database.ConnectAsync();
        await BeginReadAsync(holder, "alter view w owner to current_user");
        using var stop = new CancellationTokenSource();
        var reader = ReadAsync(bench, stop.Token);
        await bench.Database.UntilAsync(
            "select exists (select from pg_locks l where not l.granted and clock_timestamp() - l.waitstart > '2.2 s' and l.relation = 'w'::regclass)"
        );
        await stop.CancelAsync();
        await new NpgsqlCommand("commit", holder).ExecuteNonQueryAsync();
        var pid = await reader;
        await Assert.ThrowsAnyAsync<Exception>(() => ReaderStalls.NoneAsync(bench.Database, pid));
    }

    [Fact]
    public async Task A_deadlock_with_a_reader_costs_a_try_and_the_reader_nothing()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        await bench.Database.ExecuteAsync($"alter database {bench.Database.Name} set deadlock_timeout = '3s'");
        await using var reader = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("set deadlock_timeout = '1min'", reader).ExecuteNonQueryAsync();
        var budget = ViewBench.Budget with { Try = TimeSpan.FromSeconds(15) };
        await BeginReadAsync(reader, "select * from v");

        // The migration has w and waits for v; the reader has v and waits for w.
        var migration = bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t", budget));
        await bench.Database.UntilAsync(
            "select exists (select from pg_locks where not granted and relation = 'v'::regclass)"
        );
        await new NpgsqlCommand("select * from w; commit", reader).ExecuteNonQueryAsync();
        var outcome = await migration;

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.True(applied.Tries > 1, "there was no deadlock");
        await bench.Database.UntilAsync(
            "select deadlocks > 0 from pg_stat_database where datname = current_database()"
        );
    }

    [Fact]
    public async Task Short_transactions_in_the_way_only_cost_tries()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        using var stop = new CancellationTokenSource();
        var busy = Enumerable.Range(0, 3).Select(_ => ReadAsync(bench, stop.Token)).ToList();

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t"));
        await stop.CancelAsync();
        await Task.WhenAll(busy);

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Equal(applied.Tries, bench.Tries.Count);
        Assert.Equal(applied.TransactionId, bench.Tries[^1].TransactionId);
    }

    [Fact]
    public async Task A_prepared_transaction_that_holds_the_view_is_named_as_one()
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["max_prepared_transactions"] = "2",
                },
            },
            default
        );
        await using var bench = new ViewBench(await TestDatabase.CreateAsync(cluster));
        await bench.Database.ExecuteAsync(Setup);
        await bench.Database.ExecuteAsync("begin; select * from v; prepare transaction 'left behind'");
        var budget = new LockBudget(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), 100);

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t", budget));

        var blocker = Assert.Single(Assert.IsType<MigrationOutcome.LockNotGranted>(outcome).Blockers);
        Assert.Contains("left behind", blocker.State, StringComparison.Ordinal);
        await bench.Database.ExecuteAsync("rollback prepared 'left behind'");
    }

    private static async Task<int> BeginReadAsync(NpgsqlConnection connection, string sql)
    {
        await new NpgsqlCommand($"begin; {sql}", connection).ExecuteNonQueryAsync();
        return connection.ProcessID;
    }

    private static async Task ReleaseAsync(List<NpgsqlConnection> blockers, TimeSpan each)
    {
        foreach (var connection in Enumerable.Reverse(blockers))
        {
            await Task.Delay(each, TimeProvider.System);
            await connection.DisposeAsync();
        }
    }

    private static Task<int> ReadAsync(ViewBench bench, CancellationToken stop) =>
        ReaderStalls.ReadAsync(bench.Database, "select a from w", Stall, stop);
}
