using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

public sealed class PreparedProbeTests(PostgresServer server)
{
    private static readonly RelationName View = new("public", "v");

    [Theory]
    [InlineData("select a::bigint as a from t", true)]
    [InlineData("select a, 1 as b from t", true)]
    [InlineData("select a from t where a > 0", false)]
    public async Task A_prepared_select_fails_after_the_columns_changed_and_only_then(string definition, bool fails)
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t as select 1 as a; create view v as select a from t"
        );
        await using var probe = await PreparedProbe.PrepareAsync(await bench.OpenAsync(), [View], default);
        Assert.Equal((true, null), await probe!.AskAsync(default));

        var outcome = await bench.ForwardAsync(ViewBench.View("v", definition));

        Assert.True(outcome is MigrationOutcome.Applied { Tries: 1 }, "the probe was in the way");
        var (works, found) = await probe.AskAsync(default);
        Assert.Equal(!fails, works);
        Assert.Equal(fails ? "migrations.prepared" : null, found?.Code);
        Assert.Equal(
            fails,
            found?.ToString().Contains("cached plan must not change", StringComparison.Ordinal) == true
        );
    }

    [Fact]
    public async Task A_dependent_whose_columns_change_is_named_though_the_relation_keeps_its_own()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t as select 1 as a; create view v as select a from t; create view w as select a from v; create view x as select 1 as b"
        );
        var names = new[] { "v", "missing", "w", "x" }.Select(n => new RelationName("public", n)).ToList();
        await using var probe = await PreparedProbe.PrepareAsync(await bench.OpenAsync(), names, default);
        Assert.Equal((true, null), await probe!.AskAsync(default));

        await bench.Database.ExecuteAsync("create or replace view w as select a, 1 as more from v");

        var (works, found) = await probe.AskAsync(default);
        Assert.False(works);
        Assert.Contains("public.w", found!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("public.v", found.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_that_cannot_be_asked_any_more_says_that_it_does_not_know()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        var session = await bench.OpenAsync();
        await using var probe = await PreparedProbe.PrepareAsync(session, [View], default);
        var pid = session.Connection.ProcessID;
        await bench.Database.ExecuteAsync($"select pg_terminate_backend({pid})");
        await bench.Database.UntilAsync($"select not exists (select from pg_stat_activity where pid = {pid})");

        Assert.Equal((null, null), await probe!.AskAsync(default));
    }

    [Fact]
    public async Task Where_there_is_no_relation_yet_there_is_nothing_to_prepare()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t as select 1 as a");
        Assert.Null(await PreparedProbe.PrepareAsync(await bench.OpenAsync(), [View], default));
    }
}
