using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Definition;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>A materialized view as the relation that is changed.</summary>
public sealed class MaterializedViewTests(PostgresServer server)
{
    private static readonly RelationName M = new("public", "m");

    private const string Tidelocks = "select count(*) from pg_namespace where nspname like 'tidelock%'";

    private const string Everything = """
        create table t as select g as a, 'x' || g % 7 as s, g % 10 as b from generate_series(1, 100) g;
        create materialized view m with (fillfactor = 70) as select a, s, b from t;
        create unique index "M key" on m (a) include (s);
        create index m_lower on m (lower(s), b desc) where a > 0;
        comment on index m_lower is 'it''s';
        comment on materialized view m is 'm'; comment on column m.b is 'b';
        alter materialized view m cluster on "M key";
        alter materialized view m alter column b set statistics 7;
        create statistics "S t" (ndistinct, dependencies) on a, b from m;
        alter statistics "S t" set statistics 50;
        comment on statistics "S t" is 'st';
        grant select on m to public;
        create view w as select a, s from m where s in ('x1', 'x2');
        create materialized view deep as select count(*) as n from w;
        create unique index deep_key on deep (n);
        create materialized view empty as select * from w with no data;
        analyze m
        """;

    [Fact]
    public async Task Going_back_says_of_every_filled_view_at_any_depth_that_its_rows_will_be_others()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create view v as select 1 as a; create view w as select a from v;
            create materialized view m as select a from w; create materialized view deep as select a from m;
            create materialized view empty as select a from v with no data
            """
        );
        var name = new RelationName("public", "v");

        var cost = DefinitionRollback.Cost(new RunBaseline(name, await bench.CaptureAsync(name), null));

        Assert.Equal("rollbacks.definition.cost-filled", cost.Code);
        Assert.Contains("the rows of public.m, public.deep will be", cost.ToString(), StringComparison.Ordinal);
        await bench.Database.ExecuteAsync("drop materialized view m cascade");
        cost = DefinitionRollback.Cost(new RunBaseline(name, await bench.CaptureAsync(name), null));
        Assert.Equal("rollbacks.definition.cost", cost.Code);
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Goes_there_and_back_beside_with_all_that_hangs_on_it(int major)
    {
        await using var bench = new ViewBench(await server.CreateDatabaseAsync(major));
        await bench.Database.ExecuteAsync(Everything);
        var catalog = await bench.WholeCatalogAsync();
        var before = await bench.CaptureAsync(M);

        AssertBeside(await bench.ForwardAsync(ViewBench.View("m", "select a::bigint, s, b, 1 as more from t")));

        Assert.Equal("bigint", await bench.Database.ScalarAsync<string>("select pg_typeof(a)::text from m limit 1"));
        Assert.Equal(100L, await bench.Database.ScalarAsync<long>("select count(*) from m"));
        Assert.Equal(
            1L,
            await bench.Database.ScalarAsync<long>(
                "select count(*) from pg_statistic_ext s join pg_statistic_ext_data d on d.stxoid = s.oid where s.stxrelid = 'm'::regclass and d.stxdndistinct is not null"
            )
        );
        Assert.Equal(
            100f,
            await bench.Database.ScalarAsync<float>("select reltuples from pg_class where relname = 'm'")
        );

        await bench.Database.ExecuteAsync("delete from t where a > 60");
        AssertBeside(await bench.RunAsync(new ClosureMove(M, before)));

        Assert.Equal(60L, await bench.Database.ScalarAsync<long>("select count(*) from m"));
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
        Assert.Equal(0L, await bench.Database.ScalarAsync<long>(Tidelocks));
    }

    [Fact]
    public async Task Where_the_definition_stays_the_same_so_does_every_row_of_the_catalogs()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Everything);
        var (catalog, dump) = (await bench.WholeCatalogAsync(), await bench.DumpAsync());

        AssertBeside(await bench.ForwardAsync(ViewBench.View("m", "select a, s, b from t")));

        Assert.Equal(catalog, await bench.WholeCatalogAsync());
        Assert.Equal(dump, await bench.DumpAsync());
    }

    [Fact]
    public async Task Readers_read_on_while_it_is_filled_and_never_wait_for_the_fill()
    {
        // The fill holds still until a reader has read the old one in its middle: it can only end when that reader was not made to wait.
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create table gate as select 1; create materialized view m as select 1 as a; create unique index k on m (a);
            create function held() returns int language sql volatile as 'select count(pg_advisory_xact_lock_shared(4711))::int'
            """
        );
        await using var gate = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("select pg_advisory_lock(4711)", gate).ExecuteNonQueryAsync();
        var budget = ViewBench.Budget with { Total = TimeSpan.FromSeconds(50) };
        var there = bench.ForwardAsync(ViewBench.View("m", "select 2::bigint as a from held()", budget));
        await using var reader = await bench.Database.ConnectAsync();
        await FillsAsync(reader);

        Assert.Equal(1, await new NpgsqlCommand("set lock_timeout = 1; select a from m", reader).ExecuteScalarAsync());
        Assert.Equal(
            0L,
            await new NpgsqlCommand(
                "select count(*) from pg_locks where relation = 'm'::regclass and mode <> 'AccessShareLock'",
                reader
            ).ExecuteScalarAsync()
        );
        await new NpgsqlCommand("select pg_advisory_unlock(4711)", gate).ExecuteNonQueryAsync();

        AssertBeside(await there);
        Assert.Equal(2L, await new NpgsqlCommand("select a from m", reader).ExecuteScalarAsync());
    }

    [Fact]
    public async Task An_index_or_statistics_on_a_column_that_goes_is_named_and_nothing_is_begun()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Everything);
        var catalog = await bench.WholeCatalogAsync();

        var outcome = await bench.ForwardAsync(ViewBench.View("m", "select a, s from t"));

        Assert.Equal("migrations.view.indexed-columns", Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code);
        Assert.Contains("index public.m_lower (b)", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("statistics public.\"S t\" (b)", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(bench.Tries);
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Fact]
    public async Task Data_that_an_index_refuses_fails_before_any_lock_and_nothing_is_visible()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Everything);
        var catalog = await bench.WholeCatalogAsync();
        await using var reader = await bench.Database.ConnectAsync();
        // A reader that never ends: a lock could not be had, so that the outcome can only come from before it.
        await new NpgsqlCommand("begin; select * from m", reader).ExecuteNonQueryAsync();
        var move = ViewBench.View("m", "select 1 as a, s, b from t").Forward(await bench.CaptureAsync(M));

        await using var session = await bench.OpenAsync();
        Assert.Null((await move.PrepareAsync(session, default)).Ended);
        await using var transaction = await session.Connection.BeginTransactionAsync();
        var open = new OpenTry(session, ViewBench.Budget.Try, TimeProvider.System);
        var thrown = await Assert.ThrowsAsync<PostgresException>(() => move.BuildAsync(open, default));
        await transaction.RollbackAsync();

        Assert.Equal(PostgresErrorCodes.UniqueViolation, thrown.SqlState);
        Assert.Contains("M key", move.Explain(thrown, open.Doing).ToString(), StringComparison.Ordinal);
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Fact]
    public async Task One_without_data_stays_without_data()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create materialized view m as select 1 as a with no data; create index i on m (a)"
        );
        var catalog = await bench.WholeCatalogAsync();
        var before = await bench.CaptureAsync(M);

        var there = await bench.ForwardAsync(ViewBench.View("m", "select 1::bigint / (random() * 0)::int as a"));
        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        Assert.False(await bench.Database.ScalarAsync<bool>("select relispopulated from pg_class where relname = 'm'"));

        var back = await bench.RunAsync(new ClosureMove(M, before));
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Fact]
    public async Task What_somebody_changes_while_it_is_filled_is_found_and_nothing_is_swapped()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Everything);
        var move = ViewBench.View("m", "select a::bigint, s, b from t").Forward(await bench.CaptureAsync(M));
        await using var session = await bench.OpenAsync();
        Assert.Null((await move.PrepareAsync(session, default)).Ended);
        Message? refusal;
        await using (var transaction = await session.Connection.BeginTransactionAsync())
        {
            Assert.True(
                await move.BuildAsync(new OpenTry(session, ViewBench.Budget.Try, TimeProvider.System), default)
            );
            await bench.Database.ExecuteAsync("drop index m_lower");
            refusal = await move.ApplyAsync(new OpenTry(session, ViewBench.Budget.Try, TimeProvider.System), default);
        }

        Assert.Equal("migrations.view.changed-meanwhile", refusal?.Code);
        Assert.Contains("m_lower", refusal!.ToString(), StringComparison.Ordinal);
        Assert.Equal("integer", await bench.Database.ScalarAsync<string>("select pg_typeof(a)::text from m limit 1"));
        Assert.Equal(0L, await bench.Database.ScalarAsync<long>(Tidelocks));
    }

    [Fact]
    public async Task An_owner_without_rights_on_anything_else_owns_and_fills_the_new_one()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t as select 1 as a, current_user::text as who"
        );
        var role = bench.Database.Name;
        await bench.Database.ExecuteAsync(
            $"""
            create role "{role}"; grant select on t to "{role}"; grant create on schema public to "{role}";
            set role "{role}"; create materialized view m as select a, current_user::text as who from t; create unique index k on m (a)
            """
        );

        AssertBeside(
            await bench.ForwardAsync(ViewBench.View("m", "select a::bigint as a, current_user::text as who from t"))
        );

        Assert.Equal(role, await bench.Database.ScalarAsync<string>("select who from m"));
        Assert.Equal(role, await bench.Database.ScalarAsync<string>("select matviewowner::text from pg_matviews"));
        await bench.Database.ExecuteAsync($"drop materialized view m; drop owned by \"{role}\"; drop role \"{role}\"");
    }

    [Fact]
    public async Task A_deployment_compares_rehearses_swaps_and_goes_back_exactly()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            "compare: { key: [id], expect: { name: changed } }\n"
        );
        await fixture.Database.ExecuteAsync(
            """
            drop view top_scores, scores;
            create materialized view scores as select score, id, name from results;
            create unique index scores_key on scores (id);
            create view top_scores as select id, score from scores where score > 100
            """
        );
        var bench = new ViewBench(fixture.Database);
        var before = await bench.WholeCatalogAsync();

        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal("steps.verify.holds-compared", end.State!.Step("verify").Finding!.Code);
        Assert.Equal("N1", await fixture.Database.ScalarAsync<string>("select name from scores where id = 1"));

        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await bench.WholeCatalogAsync());
        Assert.Equal("n1", await fixture.Database.ScalarAsync<string>("select name from scores where id = 1"));
    }

    private static void AssertBeside(MigrationOutcome outcome) =>
        Assert.True(outcome.Finding.Code == "migrations.applied", outcome.Finding.ToString());

    /// <summary>Until the fill waits in its middle.</summary>
    private static async Task FillsAsync(NpgsqlConnection connection)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(40), TimeProvider.System);
        await using var waits = new NpgsqlCommand(
            "select exists (select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted and database = (select oid from pg_database where datname = current_database()))",
            connection
        );
        while (!(bool)(await waits.ExecuteScalarAsync(deadline.Token))!)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }
}
