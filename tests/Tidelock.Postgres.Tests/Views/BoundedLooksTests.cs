using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;
using Tidelock.Rollbacks;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>What only looks must neither wait without end nor hold others up.</summary>
public sealed class BoundedLooksTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    [Fact]
    public async Task A_view_that_somebody_holds_is_not_waited_for_without_end()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        await using var holder = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; lock table v", holder).ExecuteNonQueryAsync();

        var busy = await Assert.ThrowsAsync<RelationBusyException>(() => bench.CaptureAsync(V));
        Assert.Contains("public.v", busy.Problem.ToString(), StringComparison.Ordinal);
        await using var session = await bench.OpenAsync();
        var (rows, refusal) = await RowCount.CountAsync(
            session,
            V,
            TimeSpan.FromMinutes(1),
            TimeProvider.System,
            default
        );
        Assert.Equal((null, "rollbacks.baseline.busy"), (rows, refusal?.Code));
    }

    [Fact]
    public async Task The_way_back_is_tried_again_when_the_view_is_let_go()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        var before = await bench.CaptureAsync(V);
        await bench.Database.ExecuteAsync("comment on view v is 'other'");
        await using var holder = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; lock table v", holder).ExecuteNonQueryAsync();

        // So long that whoever looks every now and then sees it.
        var back = bench.RunAsync(new ClosureMove(V, before), ViewBench.Budget with { Try = TimeSpan.FromSeconds(2) });
        const string Waits = "exists (select from pg_locks where not granted and relation = 'v'::regclass)";
        await bench.Database.UntilAsync($"select {Waits}");
        await bench.Database.UntilAsync($"select not {Waits}");
        await new NpgsqlCommand("commit", holder).ExecuteNonQueryAsync();

        Assert.IsType<MigrationOutcome.Applied>(await back);
        Assert.Empty(ClosureComparison.Differences(before, await bench.CaptureAsync(V)));
    }

    [Theory]
    [InlineData(false, "off 0")]
    [InlineData(true, "on 2")]
    public async Task A_read_takes_no_parallel_workers_and_no_jit_unless_its_time_is_judged(
        bool isTimed,
        string expected
    )
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        await bench.Database.ExecuteAsync(
            $"alter database {bench.Database.Name} set jit = on; alter database {bench.Database.Name} set max_parallel_workers_per_gather = 2"
        );
        await using var session = await bench.OpenAsync();
        var read = new BoundedRead(session, TimeSpan.FromSeconds(10), TimeProvider.System) { IsTimed = isTimed };

        var rows = await read.RunAsync(
            ["public"],
            token =>
                read.RowsAsync(
                    "select current_setting('jit') || ' ' || current_setting('max_parallel_workers_per_gather') from v",
                    1,
                    token
                ),
            default
        );

        Assert.Equal(expected, rows.Rows[0][0]);
    }

    [Fact]
    public async Task A_count_that_takes_too_long_is_unknown_and_ends_on_the_server_too()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create view three as select generate_series(1, 3); create view v as select 1 as a where pg_sleep(600) is not null"
        );
        await using var session = await bench.OpenAsync();

        var (rows, refusal) = await RowCount.CountAsync(
            session,
            V,
            TimeSpan.FromMilliseconds(300),
            TimeProvider.System,
            default
        );

        Assert.Equal((null, null), (rows, refusal));
        await bench.Database.UntilAsync(
            "select not exists (select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())"
        );
        Assert.Equal(
            (3L, null),
            await RowCount.CountAsync(
                session,
                new RelationName("public", "three"),
                TimeSpan.FromMinutes(1),
                TimeProvider.System,
                default
            )
        );
    }
}
