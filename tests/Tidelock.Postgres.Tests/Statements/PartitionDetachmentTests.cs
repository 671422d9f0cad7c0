using Npgsql;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Statements;

/// <summary>A partition is detached in two transactions, the second of which its readers would queue behind.</summary>
public sealed class PartitionDetachmentTests(PostgresServer server)
{
    private const string Detach = "alter table only public.parted detach partition part_1 concurrently";
    private const string Pending =
        "select exists (select from pg_inherits where inhrelid = 'part_1'::regclass and inhdetachpending)";

    private static readonly LockBudget Short = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(2), 5);

    [Theory]
    [InlineData("select count(*) from parted")]
    [InlineData("lock table only parted in access share mode; select 1")]
    public async Task Readers_of_the_partition_go_on_while_an_old_transaction_is_waited_for(string reads)
    {
        await using var bench = await BenchAsync();
        var old = await bench.OldTransactionAsync(reads);
        var run = bench.RunAsync($"{Detach}; insert into results select id, 'moved' from part_1 where id > 1000");
        await bench.Database.UntilAsync(Pending);
        await using var reader = await bench.Database.ConnectAsync();
        await using var read = new NpgsqlCommand("set lock_timeout = '20s'; select count(*) from part_1", reader);
        var until = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(until) < TimeSpan.FromSeconds(1))
        {
            Assert.Equal(99L, await read.ExecuteScalarAsync());
        }

        Assert.False(run.IsCompleted);
        var waited = TimeProvider.System.GetElapsedTime(until);
        await old.DisposeAsync();
        var outcome = await run;

        var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
        // The wait for the old transaction, more than a second, is none of them.
        Assert.InRange(applied.LongestLockWait, TimeSpan.FromMilliseconds(1), waited);
        Assert.Equal(["1 begun", "1 done", "2 begun", "2 done"], bench.Marks.Select(m => $"{m.Number} {m.State}"));
        Assert.False(await IsPartitionAsync(bench));
    }

    [Fact]
    public async Task A_transaction_that_keeps_no_snapshot_is_not_waited_for()
    {
        await using var bench = await BenchAsync();
        await using var idle = await bench.Database.ConnectAsync();
        await using var begin = new NpgsqlCommand("begin; lock table only parted in access share mode", idle);
        await begin.ExecuteNonQueryAsync();

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Detach));

        Assert.False(await IsPartitionAsync(bench));
    }

    [Fact]
    public async Task A_reader_of_the_partition_leaves_it_half_detached_and_whoever_goes_on_finishes_it()
    {
        await using var bench = await BenchAsync();
        await using (await bench.OldTransactionAsync("select count(*) from part_1"))
        {
            foreach (var _ in Enumerable.Range(1, 2))
            {
                var outcome = Assert.IsType<MigrationOutcome.Unknown>(await bench.RunAsync(Detach, Short));

                Assert.True(outcome.InPart);
                Assert.Equal("migrations.statements.half-detached", outcome.Finding.Code);
                Assert.Contains("FINALIZE", outcome.Finding.ToString(), StringComparison.Ordinal);
                Assert.Equal(StatementMark.Begun, bench.Marks[^1].State);
                Assert.True(await bench.Database.ScalarAsync<bool>(Pending));
            }
        }

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Detach));
        Assert.False(await IsPartitionAsync(bench));
        Assert.Equal(StatementMark.Done, bench.Marks[^1].State);
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task A_detachment_that_was_killed_between_its_transactions_is_finished(int major)
    {
        await using var bench = await StatementBench.CreateAsync(await server.CreateDatabaseAsync(major));
        await bench.PartitionsAsync();
        await using (await bench.OldTransactionAsync("select count(*) from parted"))
        {
            var killed = bench.RunAsync(Detach);
            await bench.Database.UntilAsync(Pending);
            await bench.Database.ExecuteAsync($"select pg_terminate_backend({bench.Marks[^1].Backend})");
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => killed);
        }

        Assert.True(await bench.Database.ScalarAsync<bool>(Pending));
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Detach));
        Assert.False(await IsPartitionAsync(bench));
    }

    [Fact]
    public async Task A_detachment_that_nobody_saw_the_end_of_is_found_and_not_made_again()
    {
        await using var bench = await BenchAsync();
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Detach));
        bench.ForgetTheEnd();

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Detach));

        Assert.Equal("migrations.statements.found", bench.Progress[^1].Code);
    }

    [Fact]
    public async Task Going_back_a_partition_that_was_never_attached_is_nothing_to_do()
    {
        await using var bench = await BenchAsync();
        await bench.Database.ExecuteAsync("alter table parted detach partition part_1");

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Detach, direction: StatementDirection.Back));
        bench.Marks.Clear();
        Assert.IsType<MigrationOutcome.Failed>(await bench.RunAsync(Detach));
    }

    private async Task<StatementBench> BenchAsync()
    {
        var bench = await StatementBench.CreateAsync(server);
        await bench.PartitionsAsync();
        return bench;
    }

    private static Task<bool> IsPartitionAsync(StatementBench bench) =>
        bench.Database.ScalarAsync<bool>("select relispartition from pg_class where oid = 'part_1'::regclass");
}
