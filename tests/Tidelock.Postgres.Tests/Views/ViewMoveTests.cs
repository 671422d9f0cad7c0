using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

public sealed class ViewMoveTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    [Fact]
    public async Task A_replaced_view_keeps_its_options_and_everything_else()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create table t (a int, b text);
            create view v with (security_barrier = true, check_option = local) as select a from t where a > 0;
            comment on column v.a is 'kept';
            create view w as select * from v;
            """
        );
        var before = await bench.CaptureAsync(V);

        var there = await bench.ForwardAsync(ViewBench.View("v", "select a, b from t where a > 0"));

        Assert.IsType<MigrationOutcome.Applied>(there);
        var now = await bench.CaptureAsync(V);
        Assert.Equal(["security_barrier=true", "check_option=local"], now!.Relation.Options);
        Assert.Equal("kept", now.Relation.Columns[0].Comment);
        Assert.Single(now.Dependents);

        // Going back is heavier: a column goes, so the view and its dependents are made anew.
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(new ClosureMove(V, before)));
        Assert.Empty(ClosureComparison.Differences(before, await bench.CaptureAsync(V)));
    }

    [Fact]
    public async Task Names_with_quotes_spaces_capitals_and_Hangul_go_there_and_back()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """"
            create schema "My ""Schema""";
            create view "My ""Schema"""."시험 결과 's" as select 1 as "칼럼 ""x""", 2 as "B'";
            grant select ("칼럼 ""x""") on "My ""Schema"""."시험 결과 's" to public;
            comment on column "My ""Schema"""."시험 결과 's"."B'" is E'back\\slash ''quote''';
            create view "My ""Schema"""."On Top" as select * from "My ""Schema"""."시험 결과 's";
            create materialized view "My ""Schema"""."M v" as select "칼럼 ""x""" from "My ""Schema"""."On Top";
            create index "I ""x""" on "My ""Schema"""."M v" ("칼럼 ""x""");
            """"
        );
        var name = new RelationName("My \"Schema\"", "시험 결과 's");
        var catalog = await bench.CatalogAsync();
        var before = await bench.CaptureAsync(name);
        Assert.Equal(2, before!.Dependents.Count);

        var there = await bench.ForwardAsync(
            ViewBench.View(name.ToString(), "select 1::bigint as \"칼럼 \"\"x\"\"\", 2 as \"B'\"")
        );
        var back = await bench.RunAsync(new ClosureMove(name, before));

        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_view_that_was_not_there_is_created_and_going_back_drops_it()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create schema s; create table s.t (a int)");
        var name = new RelationName("s", "fresh");

        var there = await bench.ForwardAsync(ViewBench.View("s.fresh", "select a from t"));
        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        Assert.NotNull(await bench.CaptureAsync(name));

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(new ClosureMove(name, null)));
        Assert.Null(await bench.CaptureAsync(name));
    }

    [Theory]
    [InlineData("create view w as table public.v", "public.w")]
    [InlineData(
        "create policy p on t as restrictive for select using (exists (select from public.v where v.a = t.a))",
        "policy p on public.t"
    )]
    [InlineData("create function public.f() returns int return (select max(a) from public.v)", "function public.f()")]
    [InlineData("create rule r as on insert to t do also select a from public.v", "rule r on public.t")]
    [InlineData("create domain public.d as public.v", "domain public.d")]
    public async Task Going_back_to_nothing_is_refused_when_anything_depends_on_the_view(string sql, string dependent)
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t (a int); create view v as select 1 a"
        );
        await using (var session = await bench.OpenAsync())
        {
            await session.ExecuteOneAsync("set search_path = public", default);
            await session.ExecuteOneAsync(sql, default);
        }

        var catalog = await bench.WholeCatalogAsync();

        var back = await bench.RunAsync(new ClosureMove(V, null));

        Assert.Equal("migrations.view.new-has-dependents", Assert.IsType<MigrationOutcome.Refused>(back).Finding.Code);
        Assert.Contains(dependent, back.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Theory]
    [InlineData("create function f() returns setof v language sql as 'select * from v'")]
    [InlineData("create function f() returns bigint return (select count(*) from v where a > 0)")]
    [InlineData("create function f(r v default null) returns v language plpgsql as 'begin return r; end'")]
    [InlineData("create function f() returns setof v language sql as 'table v';; create view w as select a from f()")]
    [InlineData("create policy p on t for select using (exists (select from v where v.a = t.a))")]
    [InlineData("create rule r as on insert to t do also insert into u select a from v;; alter table t disable rule r")]
    [InlineData("create domain d as v check ((value).a > 0)")]
    [InlineData(
        "create function f() returns int return (select max(a)::int from v);; alter table t alter a set default f()"
    )]
    [InlineData("comment on type v is 'row';; grant usage on type v to pg_monitor")]
    [InlineData(
        "create materialized view m as select a, a as b from v;; create statistics st on a, b from m;; create index i on m (a)"
    )]
    [InlineData("alter extension plpgsql add view v")]
    [InlineData(
        """
            create function f() returns int return (select max(a)::int from v);;
            create table whole (a int default 7, b text) partition by list (b);;
            create table before_it partition of whole for values in ('a');; create table none partition of whole for values in ('b');;
            create table own partition of whole for values in ('c');; create table z partition of whole for values in ('z');;
            alter table whole alter a set default f();; alter table before_it alter a set default f() + 1;;
            alter table own alter a set default 5;; alter table none alter a drop default
            """
    )]
    [InlineData(
        """
            create function f() returns int return (select max(a)::int from v);;
            create function noted() returns trigger language plpgsql as 'begin return new; end';;
            create table whole (a int, b text) partition by list (b);; create table one partition of whole for values in ('a');;
            create table two partition of whole for values in ('b') partition by list (a);;
            create table below partition of two for values in (1);;
            create trigger t before insert on whole for each row when (f() > 0) execute function noted();;
            alter table only one disable trigger t;; alter table only two enable always trigger t;;
            comment on trigger t on below is 'of the partition'
            """
    )]
    [InlineData(
        """
            create view one as select a from v;; create view two as select a from v;;
            create rule r as on insert to one do instead insert into u select a from two;;
            create rule r as on insert to two do instead insert into u select a from one;;
            create rule r as on insert to v do instead insert into u select a from one
            """
    )]
    [InlineData(
        """
            create function f(r v) returns int immutable return (r).a;; create view one as select a from v;;
            create function noted() returns trigger language plpgsql as 'begin return null; end';;
            alter view one alter a set default f(null);; create rule r as on insert to v do instead select f(new);;
            create trigger s before update on one for each statement when (f(null) > 0) execute function noted();;
            create materialized view m as select a from one;; create index i on m (f(null), a)
            """
    )]
    public async Task What_depends_on_a_view_is_put_back_there_and_on_the_way_back(string sql)
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t (a int); create table u (a int); create view v as select 1 as a"
        );
        foreach (var statement in sql.Split(";;"))
        {
            await using var session = await bench.OpenAsync();
            await session.ExecuteOneAsync("set search_path = public", default);
            await session.ExecuteOneAsync(statement, default);
        }

        var catalog = await bench.WholeCatalogAsync();
        var before = await bench.CaptureAsync(V);

        var there = await bench.ForwardAsync(ViewBench.View("v", "select 1::bigint as a"));
        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        await using (var session = await bench.OpenAsync())
        {
            var differences = await ClosureComparison.DifferencesAsync(
                session,
                before,
                await bench.CaptureAsync(V),
                default
            );
            Assert.Contains(differences, d => d is { What: "column a", After: "\"a\" bigint" });
            Assert.Empty(ClosureComparison.Unexpected(differences, V));
        }

        var back = await bench.RunAsync(new ClosureMove(V, before));
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Fact]
    public async Task A_function_that_does_not_fit_the_new_columns_is_named_and_nothing_changes()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a, 2 as b");
        await using (var session = await bench.OpenAsync())
        {
            await session.ExecuteOneAsync(
                "create function public.uses_b() returns bigint return (select max(b) from public.v)",
                default
            );
        }

        var catalog = await bench.WholeCatalogAsync();
        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select 1 as a"));

        Assert.Equal(
            "migrations.view.dependent-does-not-fit",
            Assert.IsType<MigrationOutcome.Failed>(outcome).Finding.Code
        );
        Assert.Contains("function public.uses_b()", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    [Theory]
    [InlineData("create table keeper (rows v[])", "column rows of table keeper")]
    [InlineData(
        "create function f(v) returns int language sql immutable as 'select 1'; create table t (a int, check (f(null) > 0))",
        "constraint t_check on table t"
    )]
    [InlineData(
        "create function f(v) returns int language sql immutable as 'select 1'; create table t (a int); create index i on t ((f(null)))",
        "index i"
    )]
    [InlineData(
        "create function f(v) returns int language sql immutable as 'select 1'; create table t (a int, b int generated always as (f(null)) stored)",
        "column b of table t"
    )]
    [InlineData(
        "create function add(v, v) returns v language sql as 'select $1'; create aggregate agg (v) (sfunc = add, stype = v)",
        "function agg(v)"
    )]
    [InlineData(
        "create materialized view m as select a from v; alter materialized view m depends on extension plpgsql",
        "materialized view m (extension plpgsql)"
    )]
    [InlineData(
        "alter extension plpgsql add view v; alter default privileges grant select on tables to pg_monitor",
        "membership of view v in an extension"
    )]
    public async Task What_cannot_be_put_back_is_named_and_the_drop_refused(string sql, string thing)
    {
        await using var bench = await ViewBench.EmptyAsync(server, $"create view v as select 1 as a; {sql}");
        var catalog = await bench.CatalogAsync();

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select 1::bigint as a"));

        Assert.Equal("migrations.view.unrestorable", Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code);
        Assert.Contains(
            thing,
            outcome.Finding.ToString().Replace("public.", "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.Empty(bench.Tries);
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_dependent_that_does_not_fit_the_new_columns_is_named_and_nothing_changes()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create view v as select 1 as a, 2 as b; create view uses_b as select b from v"
        );
        var catalog = await bench.CatalogAsync();

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select 1 as a"));

        Assert.Equal(
            "migrations.view.dependent-does-not-fit",
            Assert.IsType<MigrationOutcome.Failed>(outcome).Finding.Code
        );
        Assert.Contains("public.uses_b", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Theory]
    [InlineData("create view w as table public.v", "public.w")]
    [InlineData("create policy p on t using (exists (select from public.v where v.a = t.a))", "policy p on public.t")]
    [InlineData("create function public.f() returns int return (select max(a) from public.v)", "function public.f()")]
    [InlineData("create domain public.d as public.v", "domain public.d")]
    public async Task Dependents_of_any_kind_are_refused_where_the_author_says_so(string sql, string dependent)
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t (a int); create view v as select 1 a"
        );
        await using (var session = await bench.OpenAsync())
        {
            await session.ExecuteOneAsync("set search_path = public", default);
            await session.ExecuteOneAsync(sql, default);
        }

        var outcome = await bench.ForwardAsync(
            ViewBench.View("v", "select 1::bigint as a") with
            {
                Dependents = DependentsPolicy.Refuse,
            }
        );

        var refused = Assert.IsType<MigrationOutcome.Refused>(outcome);
        Assert.Equal("migrations.view.dependents-refused", refused.Finding.Code);
        Assert.Contains(dependent, refused.Finding.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select 1 as a;\nselect 2", "42601")]
    [InlineData("select 1 as a; drop table t", "42601")]
    [InlineData("select 1 from", "42601")]
    [InlineData("select * from pg_temp.nothing", "42P01")]
    [InlineData("select * from missing", "42P01")]
    public async Task A_definition_that_is_not_one_query_fails_before_any_lock(string definition, string state)
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t (a int); create view v as select 1 as a"
        );

        var outcome = await bench.ForwardAsync(ViewBench.View("v", definition));

        Assert.Equal(state, Assert.IsType<MigrationOutcome.Failed>(outcome).SqlState);
        Assert.Empty(bench.Tries);
        Assert.Equal(1, await bench.Database.ScalarAsync<int>("select a from v"));
        Assert.Equal(0L, await bench.Database.ScalarAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task A_syntax_error_is_told_with_the_line_and_column_of_the_authors_file()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select '한글 😀',\n  1 frm x"));
        Assert.Contains("view.sql:2:9:", outcome.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_view_that_would_read_itself_is_found_by_planning_and_never_becomes_visible()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create view v as select 1 as a; create view w as select a from v"
        );
        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select a from w"));
        Assert.Equal("42P17", Assert.IsType<MigrationOutcome.Failed>(outcome).SqlState);
        Assert.Equal(1, await bench.Database.ScalarAsync<int>("select a from v"));
    }

    [Fact]
    public async Task What_somebody_changed_since_the_baseline_is_not_overwritten()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        var migration = ViewBench.View("v", "select 1::bigint as a");
        var before = await bench.CaptureAsync(V);
        await bench.Database.ExecuteAsync("grant select on v to public");

        var outcome = await bench.RunAsync(migration.Forward(before));

        Assert.Equal(
            "migrations.view.changed-meanwhile",
            Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code
        );
        Assert.Contains("grant to PUBLIC by", outcome.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dependent_that_somebody_added_since_survives_the_way_back()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create view v as select 1 as a; create view w as table v"
        );
        var before = await bench.CaptureAsync(V);
        Assert.IsType<MigrationOutcome.Applied>(await bench.ForwardAsync(ViewBench.View("v", "select 1 as a, 2 as b")));
        await bench.Database.ExecuteAsync("create view added as select a from v; grant select on added to public");

        var back = await bench.RunAsync(new ClosureMove(V, before));

        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(1, await bench.Database.ScalarAsync<int>("select a from added"));
        var added = (await bench.CaptureAsync(V))!.Dependents.Single(d => d.Name.Name == "added");
        Assert.Contains(added.Grants!, g => g is { Grantee: null, Privilege: "SELECT" });
    }

    [Fact]
    public async Task Grants_come_back_with_their_grantors_and_revoked_rights_of_the_owner_stay_revoked()
    {
        var (o, g1, g2) = (Role(), Role(), Role());
        await using var bench = await ViewBench.EmptyAsync(
            server,
            $"""
            create role {o}; create role {g1}; create role {g2}; grant create, usage on schema public to {o};
            create view v as select 1 as a, 2 as b; alter view v owner to {o};
            revoke insert, update, delete, truncate, references, trigger on v from {o};
            grant select on v to {g1} with grant option;
            set role {g1}; grant select on v to {g2}; grant select (a) on v to public; reset role;
            alter default privileges grant all on tables to {g2};
            """
        );
        var catalog = await bench.CatalogAsync();
        var before = await bench.CaptureAsync(V);

        Assert.IsType<MigrationOutcome.Applied>(await bench.ForwardAsync(ViewBench.View("v", "select 1::bigint as a")));
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(new ClosureMove(V, before)));

        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_login_that_may_not_become_an_owner_is_refused_before_anything_is_touched()
    {
        var (deployer, owner) = (Role(), Role());
        await using var bench = await ViewBench.EmptyAsync(
            server,
            $"""
            create role {deployer} login; create role {owner};
            grant create, usage on schema public to {deployer}; 
            create view v as select 1 as a; alter view v owner to {deployer};
            create view w as select a from v; alter view w owner to {owner};
            """
        );
        await using var session = await PostgresSession.OpenAsync(bench.Database.TargetAs(deployer), "t", default);
        var move = ViewBench.View("v", "select 1::bigint as a").Forward(await bench.CaptureAsync(V));

        var outcome = await bench.RunAsync(session, move, ViewBench.Budget, TimeSpan.FromSeconds(30));

        Assert.Equal("migrations.view.cannot-become", Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code);
        Assert.Contains(owner, outcome.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Definitions_that_PostgreSQL_rewrites_once_more_are_the_same_as_fix_points()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t (s varchar(10)); create view v as select s from t where s in ('a', 'b'); create view w as table v"
        );
        var before = await bench.CaptureAsync(V);
        Assert.IsType<MigrationOutcome.Applied>(await bench.ForwardAsync(ViewBench.View("v", "select s::text from t")));
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(new ClosureMove(V, before)));

        var after = await bench.CaptureAsync(V);
        await using var session = await bench.OpenAsync();

        Assert.NotEmpty(ClosureComparison.Differences(before, after));
        Assert.Empty(await ClosureComparison.DifferencesAsync(session, before, after, default));
        var other = before! with { Relation = before.Relation with { Definition = " SELECT t.s\n   FROM public.t" } };
        Assert.Single(await ClosureComparison.DifferencesAsync(session, other, after, default));
    }

    [Fact]
    public async Task A_table_and_nothing_at_all_are_told_apart()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t (a int)");
        await using var session = await bench.OpenAsync();
        Assert.Equal(
            "table",
            Assert
                .IsType<CaptureResult.NotAView>(await ClosureCapture.CaptureAsync(session, new("public", "t"), default))
                .Kind
        );
        Assert.IsType<CaptureResult.Missing>(await ClosureCapture.CaptureAsync(session, new("public", "x"), default));
    }

    [Fact]
    public async Task A_closure_is_the_same_after_it_was_journaled()
    {
        await using var bench = await ViewBench.AttemptAsync(server);
        var before = await bench.CaptureAsync(new RelationName("public", "attempt"));
        var json = System.Text.Json.JsonSerializer.Serialize(before, RelationsJson.Default.RelationClosure);
        var read = System.Text.Json.JsonSerializer.Deserialize(json, RelationsJson.Default.RelationClosure);
        Assert.Empty(ClosureComparison.Differences(before, read));
        Assert.Equal(json, System.Text.Json.JsonSerializer.Serialize(read, RelationsJson.Default.RelationClosure));
    }

    private static string Role() => $"r_{Guid.NewGuid():N}";
}
