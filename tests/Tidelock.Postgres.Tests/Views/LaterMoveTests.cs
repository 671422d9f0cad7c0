using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>What others did behind a change, on the way back by definition.</summary>
public sealed class LaterMoveTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    private const string Old = """
        create table t (a int, b text);
        insert into t select i, 'b' || i from generate_series(1, 50) i;
        create view v as select b, a from t;
        create view w as select a from v;
        create materialized view m as select a from v where a > 10;
        create unique index on m (a);
        """;

    [Fact]
    public async Task What_was_added_after_all_else_was_found_is_kept_too()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Old);
        var (before, verified) = await ThereAsync(bench);
        await bench.Database.ExecuteAsync("create view early as select a from v");
        var found = await bench.CaptureAsync(V);
        await bench.Database.ExecuteAsync("create view late as select b from v");

        await BackAsync(bench, new ClosureMove(V, before, new LaterChanges(verified!, found!)));

        Assert.Equal(
            ["early SELECT a FROM v;", "late SELECT b FROM v;", "v SELECT b, a FROM t;", "w SELECT a FROM v;"],
            await ViewsAsync(bench)
        );
    }

    [Fact]
    public async Task A_dependent_that_was_pointed_at_a_view_of_others_comes_behind_it()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Old);
        var (before, verified) = await ThereAsync(bench);
        await bench.Database.ExecuteAsync(
            "create view z as select a from v where a > 5; create or replace view w as select a from z"
        );
        var found = await bench.CaptureAsync(V);

        await BackAsync(bench, new ClosureMove(V, before, new LaterChanges(verified!, found!)));

        Assert.Equal(
            ["v SELECT b, a FROM t;", "w SELECT a FROM z;", "z SELECT a FROM v WHERE (a > 5);"],
            await ViewsAsync(bench)
        );
    }

    [Fact]
    public async Task A_materialized_view_that_somebody_emptied_stays_empty()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Old);
        var (before, verified) = await ThereAsync(bench);
        await bench.Database.ExecuteAsync("refresh materialized view m with no data");
        var found = await bench.CaptureAsync(V);

        await BackAsync(bench, new ClosureMove(V, before, new LaterChanges(verified!, found!)));

        Assert.False(
            await bench.Database.ScalarAsync<bool>("select relispopulated from pg_class where oid = 'm'::regclass")
        );
    }

    [Fact]
    public async Task A_view_of_others_that_does_not_fit_makes_no_reader_wait_for_a_REFRESH()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Old);
        var (before, verified) = await ThereAsync(bench);
        await bench.Database.ExecuteAsync(
            "create view misfit as select added from v; create view fit as select a from v"
        );
        var found = await bench.CaptureAsync(V);
        var move = new ClosureMove(V, before, new LaterChanges(verified!, found!));

        await BackAsync(bench, move);

        Assert.Null(move.UnderLock);
        Assert.Equal(["fit SELECT a FROM v;", "v SELECT b, a FROM t;", "w SELECT a FROM v;"], await ViewsAsync(bench));
        Assert.Equal(40L, await bench.Database.ScalarAsync<long>("select count(*) from m"));
    }

    /// <summary>The change puts other columns in its place.</summary>
    private static async Task<(RelationClosure? Before, RelationClosure? Verified)> ThereAsync(ViewBench bench)
    {
        var before = await bench.CaptureAsync(V);
        var there = await bench.ForwardAsync(ViewBench.View("v", "select a, b, a * 2 as added from t"));
        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        return (before, await bench.CaptureAsync(V));
    }

    private static async Task BackAsync(ViewBench bench, ClosureMove move)
    {
        var back = await bench.RunAsync(move);
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
    }

    /// <summary>All views, their definitions on one line and without what older servers write before a column.</summary>
    private static async Task<IReadOnlyList<string>> ViewsAsync(ViewBench bench) =>
        await bench.Database.RowsAsync(
            """
            select relname || regexp_replace(regexp_replace(pg_get_viewdef(oid), '\s+', ' ', 'g'), '\m\w+\.', '', 'g') from pg_class
            where relkind = 'v' and relnamespace = 'public'::regnamespace order by 1
            """
        );
}
