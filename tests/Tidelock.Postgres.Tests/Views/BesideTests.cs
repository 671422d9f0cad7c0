using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Views;

public sealed class BesideTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    [Fact]
    public async Task Readers_do_not_wait_while_a_materialized_view_is_filled()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create table t as select 1 as a;
            create view v as select a from t;
            create view w as select a from v;
            create materialized view m as select w.a, sum(sqrt(g)) as s from w, generate_series(1, 4000000) g group by w.a;
            create unique index m_key on m (a)
            """
        );
        var began = TimeProvider.System.GetTimestamp();
        await bench.Database.ExecuteAsync("refresh materialized view m");
        var fill = TimeProvider.System.GetElapsedTime(began);
        var catalog = await bench.CatalogAsync();
        var dump = await bench.DumpAsync();
        var before = await bench.CaptureAsync(V);
        using var stop = new CancellationTokenSource();
        var reader = ReaderStalls.ReadAsync(bench.Database, "select * from v", fill * 0.7, stop.Token);

        var there = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t"));
        var back = await bench.RunAsync(new ClosureMove(V, before));
        await stop.CancelAsync();

        AssertBeside(there);
        AssertBeside(back);
        await ReaderStalls.NoneAsync(bench.Database, await reader);
        Assert.Equal(catalog, await bench.CatalogAsync());
        Assert.Equal(dump, await bench.DumpAsync());
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("select count(*) from m"));
    }

    [Fact]
    public async Task Quoted_and_other_schemas_names_are_built_beside_with_all_that_hangs_on_them()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create schema "다른 ""곳";
            create table public.t as select 1 as a, 'x'::varchar(10) as s;
            create view public."뷰 ""v" as select a, s from t;
            create view "다른 ""곳"."W w" as select a, s from public."뷰 ""v" where s in ('x', 'y');
            create materialized view "다른 ""곳"."M'm" with (fillfactor = 70) as
                select w.a, w.s, v.a as "É" from "다른 ""곳"."W w" w join public."뷰 ""v" v using (a);
            create unique index "키 ""k" on "다른 ""곳"."M'm" (a) include (s);
            create index lower_s on "다른 ""곳"."M'm" (lower(s), "É" desc) where a > 0;
            comment on index "다른 ""곳"."키 ""k" is 'it''s';
            comment on materialized view "다른 ""곳"."M'm" is 'm';
            alter materialized view "다른 ""곳"."M'm" cluster on "키 ""k";
            alter materialized view "다른 ""곳"."M'm" alter column "É" set statistics 7;
            create view public.last as select * from "다른 ""곳"."M'm";
            create materialized view public.empty as select * from public.last with no data;
            create rule nothing as on delete to "다른 ""곳"."W w" do instead nothing;
            comment on rule nothing on "다른 ""곳"."W w" is 'rule';
            alter default privileges grant select on tables to public
            """
        );
        var name = new RelationName("public", "뷰 \"v");
        var catalog = await FixedAsync(bench, name);
        var dump = await bench.DumpAsync();
        var before = await bench.CaptureAsync(name);
        var migration = ViewBench.View("public.\"뷰 \"\"v\"", "select a::bigint as a, s, 2 as more from t");

        AssertBeside(await bench.ForwardAsync(migration));
        Assert.Equal(
            "bigint",
            await bench.Database.ScalarAsync<string>("select pg_typeof(\"É\")::text from public.last")
        );
        AssertBeside(await bench.RunAsync(new ClosureMove(name, before)));

        Assert.Equal(catalog, await bench.CatalogAsync());
        Assert.Equal(dump, await bench.DumpAsync());
        Assert.Equal(
            0L,
            await bench.Database.ScalarAsync<long>("select count(*) from pg_namespace where nspname like 'tidelock%'")
        );
    }

    [Fact]
    public async Task A_lock_that_is_not_granted_does_not_throw_away_what_was_built()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t as select 1 as a; create view v as select a from t; create materialized view m as select a from v"
        );
        await using var reader = await bench.Database.ConnectAsync();
        Task? released = null;
        var before = await bench.CaptureAsync(V);
        var watched = new Watched(
            ViewBench.View("v", "select a::bigint from t").Forward(before),
            async () =>
            {
                if (released is null)
                {
                    await new NpgsqlCommand("begin; select * from v", reader).ExecuteNonQueryAsync();
                    released = CommitAsync(reader, TimeSpan.FromSeconds(2));
                }
            }
        );

        var outcome = await bench.RunAsync(watched);
        await released!;

        AssertBeside(outcome);
        Assert.True(((MigrationOutcome.Applied)outcome).Tries > 1);
        Assert.Single(bench.Tries);
        Assert.Equal(1, watched.Built);
        Assert.Equal(
            await bench.Database.ScalarAsync<uint>("select relfilenode from pg_class where relname = 'm'"),
            Assert.Single(watched.FileNodes.Distinct())
        );
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task What_somebody_refreshed_during_the_build_is_not_replaced_by_what_is_older(int major)
    {
        await using var bench = new ViewBench(await server.CreateDatabaseAsync(major));
        await bench.Database.ExecuteAsync(
            """
            create table t as select 1 as a; create view v as select a from t;
            create materialized view m as select a from v; create unique index m_key on m (a)
            """
        );
        const string Rows = "select string_agg(a::text, ' ' order by a) from m";
        var refreshes = new[] { "refresh materialized view m", "refresh materialized view concurrently m" };
        var before = await bench.CaptureAsync(V);
        foreach (var refresh in refreshes)
        {
            var outcome = await bench.RunAsync(
                new Watched(ViewBench.View("v", "select a::bigint from t").Forward(before), () => MoreAsync(refresh))
            );

            Assert.Equal(
                "migrations.view.refreshed-meanwhile",
                Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code
            );
            Assert.Contains("public.m", outcome.Finding.ToString(), StringComparison.Ordinal);
            Assert.Equal(
                "integer",
                await bench.Database.ScalarAsync<string>("select pg_typeof(a)::text from v limit 1")
            );
        }

        Assert.Equal("1 2 3", await bench.Database.ScalarAsync<string>(Rows));
        await bench.Database.ExecuteAsync("vacuum analyze m");
        AssertBeside(
            await bench.RunAsync(
                new Watched(
                    ViewBench.View("v", "select a::bigint from t").Forward(before),
                    () => bench.Database.ExecuteAsync("vacuum analyze m")
                )
            )
        );

        var tries = 0;
        var once = new Watched(
            new ClosureMove(V, before),
            () => tries++ == 0 ? MoreAsync(refreshes[1]) : Task.CompletedTask
        );
        AssertBeside(await bench.RunAsync(once));
        Assert.Equal(2, once.Built);
        Assert.Equal("1 2 3 4", await bench.Database.ScalarAsync<string>(Rows));

        await bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t"));
        var always = new Watched(new ClosureMove(V, before), () => MoreAsync(refreshes[0]));
        var kept = await bench.RunAsync(always);
        var filled = Assert.IsType<MigrationOutcome.Applied>(kept);
        Assert.Equal([new RelationName("public", "m")], filled.UnderLock!.Views);
        Assert.Contains("each of the 3 times", filled.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(4, always.Built);
        Assert.Equal("1 2 3 4 5 6 7 8", await bench.Database.ScalarAsync<string>(Rows));

        Task MoreAsync(string refresh) =>
            bench.Database.ExecuteAsync("insert into t select max(a) + 1 from t; " + refresh);
    }

    [Fact]
    public async Task The_same_names_in_several_schemas_are_built_beside()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create schema a; create schema b; create table b.t as select 7 as x; create table a.t as select 8 as x; create table b.u as select 9 as y;
            create view v as select 1 as a; create view a.v as select v.a, t.x from public.v, a.t;
            create view b.v as select a, y from a.v, b.u; create view a.u as select v.y as a, t.x from b.v, b.t;
            create materialized view m as select a, x from a.v; create materialized view a.m as select y from b.v;
            create materialized view b.m as select v.a, u.x from public.v, a.u;
            create unique index m_key on m (a); create unique index m_key on a.m (y);
            create statistics a.s on a, x from m; create statistics b.s on a, x from b.m
            """
        );
        var (catalog, dump) = (await bench.WholeCatalogAsync(), await bench.DumpAsync());
        var before = await bench.CaptureAsync(V);

        AssertBeside(await bench.ForwardAsync(ViewBench.View("v", "select 1::bigint as a")));
        Assert.Equal(
            ["1|8|9|1|7"],
            await bench.Database.RowsAsync(
                "select one.a::text, one.x::text, two.y::text, three.a::text, three.x::text from public.m one, a.m two, b.m three where pg_typeof(one.a) = 'bigint'::regtype"
            )
        );
        AssertBeside(await bench.RunAsync(new ClosureMove(V, before)));

        Assert.Equal(catalog, await bench.WholeCatalogAsync());
        Assert.Equal(dump, await bench.DumpAsync());
        Assert.Equal(
            0L,
            await bench.Database.ScalarAsync<long>("select count(*) from pg_namespace where nspname like 'tidelock%'")
        );
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Functions_policies_and_all_else_that_reads_a_materialized_view_do_not_keep_it_from_being_built_beside(
        int major
    )
    {
        await using var bench = new ViewBench(await server.CreateDatabaseAsync(major));
        await bench.Database.ExecuteAsync(
            """
            create table t as select 1 as a; create table log (a int); alter table t enable row level security;
            create view v as select a from t; create view w as select a, a * 2 as twice from v;
            create materialized view m as select a, twice from w; create unique index m_key on m (a);
            create statistics m_st on a, twice from m;
            create function reads(m) returns int language sql as 'select $1.a';
            create function counts() returns bigint return (select count(*) from m);
            create function rows_of() returns setof m language sql as 'select * from m';
            create function later(w default null) returns int language sql as 'select 1';
            comment on function counts() is 'c'; grant execute on function counts() to pg_monitor;
            create policy p on t for select to public using (exists (select from m where m.a = t.a));
            create rule r as on insert to log do also select count(*) from m;
            create domain d as m check ((value).a > 0);
            alter table log alter a set default counts()
            """
        );
        var catalog = await bench.WholeCatalogAsync();
        var before = await bench.CaptureAsync(V);

        AssertBeside(await bench.ForwardAsync(ViewBench.View("v", "select a::bigint from t")));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("select counts()"));
        Assert.Equal(
            ["1|2"],
            await bench.Database.RowsAsync(
                "select a::text, twice::text from rows_of() where pg_typeof(a) = 'bigint'::regtype"
            )
        );
        AssertBeside(await bench.RunAsync(new ClosureMove(V, before)));

        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Theory]
    [InlineData(
        "create schema a; create view a.v as select a from v; create materialized view m as select v.a from v join a.v b using (a)",
        "public.m read two relations of the same name"
    )]
    [InlineData(
        "create function f() returns bigint return (select count(*) from v); create materialized view m as select a, f() as n from v",
        "public.m: function public.f()"
    )]
    [InlineData(
        "create materialized view m as select a from v; alter extension plpgsql add materialized view m",
        "public.m (plpgsql)"
    )]
    public async Task What_cannot_be_built_beside_is_filled_under_the_lock_and_said_by_name(string sql, string why)
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a; " + sql);
        var catalog = await bench.CatalogAsync();
        var before = await bench.CaptureAsync(V);

        var there = await bench.ForwardAsync(ViewBench.View("v", "select 1::bigint as a"));
        var back = await bench.RunAsync(new ClosureMove(V, before));

        foreach (var outcome in new[] { there, back })
        {
            var applied = Assert.IsType<MigrationOutcome.Applied>(outcome);
            Assert.Equal("migrations.applied-but", applied.Finding.Code);
            Assert.Equal([new RelationName("public", "m")], applied.UnderLock!.Views);
            Assert.Contains(why, applied.Finding.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(catalog, await bench.CatalogAsync());
        Assert.True(
            await bench.Database.ScalarAsync<bool>("select exists (select from pg_stats where tablename = 'm')"),
            "the planner knows nothing of m"
        );
    }

    [Fact]
    public async Task Nothing_is_filled_under_the_lock_that_was_not_announced()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create view v as select 1 as a; create view w as select a from v;
            create function f() returns bigint return (select count(*) from v); create materialized view m as select a, f() as n from w
            """
        );
        var catalog = await bench.CatalogAsync();
        var before = await bench.CaptureAsync(V);
        await using var reader = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; select * from v", reader).ExecuteNonQueryAsync();

        // A lock would not be granted.
        var refused = Assert.IsType<MigrationOutcome.Refused>(await bench.RunAsync(Announced([])));

        Assert.Equal("migrations.beside.unannounced", refused.Finding.Code);
        Assert.Contains("function public.f()", refused.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(catalog, await bench.CatalogAsync());

        await new NpgsqlCommand("commit", reader).ExecuteNonQueryAsync();
        var fill = new FilledUnderLock(
            V,
            [new RelationName("public", "m")],
            Message.Of("migrations.beside.members", ("members", "m"))
        );
        var other = fill with { Views = [new RelationName("public", "n")] };
        var said = Message.Of(
            "gates.rollback.warning",
            ("finding", other.Foretold),
            (
                "warning",
                Message.Of("gates.rollback.warning", ("finding", fill.ForetoldBack), ("warning", other.Foretold))
            )
        );
        Assert.IsType<MigrationOutcome.Refused>(await bench.RunAsync(Announced([said])));
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Announced([said, fill.Foretold])));

        AnnouncedMove Announced(IEnumerable<Message> messages) =>
            new(ViewBench.View("v", "select 1::bigint as a").Forward(before), messages);
    }

    [Fact]
    public async Task A_function_of_others_that_the_swap_refuses_is_left_out_and_nothing_is_filled_under_the_lock()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t as select 1 as a; create view v as select a from t; create materialized view m as select * from v"
        );
        var before = await bench.CaptureAsync(V);
        await bench.ForwardAsync(ViewBench.View("v", "select a::bigint as a from t"));
        var verified = await bench.CaptureAsync(V);
        await bench.Database.ExecuteAsync(
            """
            create function fits() returns bigint return (select count(*) from m);
            create function misfit() returns bigint return (select sum(a) from m)
            """
        );
        var found = await bench.CaptureAsync(V);
        await bench.Database.ExecuteAsync(
            """
            create function refuse() returns event_trigger language plpgsql as $$
            begin
                if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'public.misfit()') then raise exception 'no more of these'; end if;
            end $$;
            create event trigger refuse on ddl_command_end when tag in ('CREATE FUNCTION') execute function refuse()
            """
        );
        var watched = new Watched(
            new ClosureMove(V, before, new LaterChanges(verified!, found!)),
            () => Task.CompletedTask
        );

        var back = await bench.RunAsync(watched);

        AssertBeside(back);
        Assert.Equal(2, watched.Built);
        Assert.Equal(
            ["fits"],
            await bench.Database.RowsAsync("select proname from pg_proc where proname in ('fits', 'misfit')")
        );
    }

    [Fact]
    public async Task What_PostgreSQL_would_bind_otherwise_beside_is_never_left_in_place()
    {
        // Beside, the definition reads (a * 1000000) for what was a cast to bigint: it would overflow when it is an integer again.
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create view v as select 5000 as a; create materialized view m as select a::bigint * 1000000 as big from v;
            """
        );
        var catalog = await bench.CatalogAsync();
        var before = await bench.CaptureAsync(V);
        Assert.IsType<MigrationOutcome.Applied>(
            await bench.ForwardAsync(ViewBench.View("v", "select 5000::bigint as a"))
        );

        var back = await bench.RunAsync(new ClosureMove(V, before));

        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal("migrations.applied-but", back.Finding.Code);
        Assert.Equal(catalog, await bench.CatalogAsync());
        Assert.Equal(5_000_000_000L, await bench.Database.ScalarAsync<long>("select big from m"));
    }

    [Theory]
    [InlineData("set local statement_timeout = 1; select pg_sleep(5)", "57014")]
    [InlineData("do $$ begin raise exception 'no space left' using errcode = '53100'; end $$", "53100")]
    public async Task A_limit_or_a_full_disk_beside_is_not_taken_for_a_reason_to_try_it_under_the_lock(
        string sql,
        string state
    )
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        await using var session = await bench.OpenAsync();
        await using var transaction = await session.Connection.BeginTransactionAsync();
        var open = new OpenTry(session, ViewBench.Budget.Try, TimeProvider.System);

        var thrown = await Assert.ThrowsAsync<PostgresException>(() =>
            open.OrRolledBackAsync(
                V,
                async () =>
                {
                    await session.ExecuteAsync(sql, default);
                    return null;
                },
                default
            )
        );

        Assert.Equal(state, thrown.SqlState);
    }

    private static async Task CommitAsync(NpgsqlConnection reader, TimeSpan after)
    {
        await Task.Delay(after, TimeProvider.System);
        await new NpgsqlCommand("commit", reader).ExecuteNonQueryAsync();
    }

    private static void AssertBeside(MigrationOutcome outcome) =>
        Assert.True(outcome.Finding.Code == "migrations.applied", outcome.Finding.ToString());

    /// <summary>The catalog once PostgreSQL has rewritten what it rewrites when it is created again.</summary>
    private static async Task<List<string>> FixedAsync(ViewBench bench, RelationName name)
    {
        var closure = await bench.CaptureAsync(name);
        await bench.RunAsync(
            new ClosureMove(name, closure! with { Relation = closure.Relation with { Comment = "c" } })
        );
        await bench.RunAsync(new ClosureMove(name, closure));
        return await bench.CatalogAsync();
    }

    /// <summary>The same move, with something done before each of its tries.</summary>
    internal sealed class Watched(IMigrationMove move, Func<Task> beforeTry) : IMigrationMove
    {
        public int Built { get; private set; }

        public List<uint> FileNodes { get; } = [];

        public FilledUnderLock? UnderLock => move.UnderLock;

        public bool MustBeRepeated => move.MustBeRepeated;

        public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
            move.PrepareAsync(session, cancellation);

        public Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation)
        {
            Built++;
            return move.BuildAsync(open, cancellation);
        }

        public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
        {
            await beforeTry();
            FileNodes.Add(
                await open.Session.ScalarAsync<uint>(
                    "select relfilenode from pg_class where relname = 'm' and relnamespace::regnamespace::text like 'tidelock%'",
                    cancellation
                )
            );
            return await move.ApplyAsync(open, cancellation);
        }

        public Message Explain(PostgresException error, object? about) => move.Explain(error, about);
    }
}
