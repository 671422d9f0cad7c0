using Npgsql;
using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>A locked contract: who may do what to the database outside a run.</summary>
public sealed class ContractLockTests(PostgresServer server)
{
    private const string Setup = """
        create schema s; create type s.mood as enum ('sad', 'happy');
        create table s.t (a int primary key, m s.mood, n text not null);
        create view s.v as select a::bigint as a, m, n from s.t;
        insert into s.t values (1, 'sad', 'x');
        """;

    private static readonly RelationName V = new("s", "v");

    private static readonly Contract Contract = new(
        V,
        [new("a", "bigint", true), new("m", "s.mood", false), new("n", "text", true)],
        [
            ["a"],
        ],
        []
    );

    [Theory]
    [InlineData("drop view s.v")]
    [InlineData("drop table s.t cascade")]
    [InlineData("drop schema s cascade")]
    [InlineData("drop type s.mood cascade")]
    [InlineData("alter view s.v rename to w")]
    [InlineData("alter view s.v rename column a to b")]
    [InlineData("alter view s.v set schema public")]
    [InlineData("alter schema s rename to r")]
    [InlineData("alter type s.mood rename to temper")]
    [InlineData("create or replace view s.v as select a::bigint as a, m, n, 1 as more from s.t")]
    [InlineData("create or replace view s.v as select -a::bigint as a, m, n from s.t")]
    [InlineData("do $$ begin execute 'drop view s.v'; exception when undefined_table then null; end $$")]
    public async Task DDL_that_would_break_the_contract_is_refused_and_names_the_change_and_the_way(string ddl)
    {
        await using var bench = await LockedAsync();

        var psql = await new ChildProgram(
            Path.Combine(bench.Database.Cluster.Programs.Folder, "psql"),
            ["-X", "-v", "VERBOSITY=verbose", "-c", ddl],
            bench.Database.Target.LibpqEnvironment("psql")
        ).RunAsync(default);

        Assert.Equal(1, psql.ExitCode);
        Assert.Contains("ERROR:  55000: s.v is locked by the change moods", psql.Errors, StringComparison.Ordinal);
        Assert.Contains("DETAIL:  Afterwards: ", psql.Errors, StringComparison.Ordinal);
        Assert.Contains("tidelock unlock moods --env test", psql.Errors, StringComparison.Ordinal);
        Assert.Empty(await ShapeAsync(bench));
        Assert.Equal(1L, await bench.Database.ScalarAsync<long>("select a from s.v"));
    }

    [Theory]
    [InlineData("create table other (a int); alter table other add b int; drop table other")]
    [InlineData("create temp table mine as select * from s.v")]
    [InlineData("comment on view s.v is 'c'; grant select on s.v to public; alter view s.v set (security_barrier)")]
    [InlineData("create view s.w as select * from s.v; create or replace view s.w as select *, 1 as b from s.v")]
    [InlineData("alter table s.t add later int; alter type s.mood add value 'calm'")]
    [InlineData("create index concurrently on s.t (n)")]
    [InlineData(
        "create materialized view m as select * from s.v; refresh materialized view m; drop materialized view m"
    )]
    [InlineData("create extension if not exists pg_trgm; drop extension pg_trgm")]
    [InlineData("create schema own create table o (a int) create view x as select a from o")]
    public async Task DDL_that_leaves_the_contract_alone_goes_through(string ddl)
    {
        await using var bench = await LockedAsync();
        foreach (var statement in ddl.Split("; "))
        {
            await bench.Database.ExecuteAsync(statement);
        }

        Assert.Empty(await ShapeAsync(bench));
    }

    [Fact]
    public async Task A_run_goes_through_and_what_it_left_broken_blocks_nobody_afterwards()
    {
        await using var bench = await LockedAsync();
        await using var run = await bench.OpenAsync();
        await run.ExecuteAsync("alter view s.v rename column a to b", default);

        await bench.Database.ExecuteAsync("create table other (a int)");
        await bench.Database.ExecuteAsync("alter view s.v rename column n to text");
        await bench.Database.ExecuteAsync("drop view s.v");
        await bench.Database.ExecuteAsync("create view s.v as select a::bigint as a, m, n from s.t");

        // Now that it holds again, it is guarded again.
        await Assert.ThrowsAsync<PostgresException>(() => bench.Database.ExecuteAsync("drop view s.v"));
    }

    [Fact]
    public async Task A_long_command_is_not_blamed_for_what_a_run_did_meanwhile()
    {
        await using var bench = await LockedAsync();
        await using var gate = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("select pg_advisory_lock(7)", gate).ExecuteNonQueryAsync();
        var innocent = bench.Database.ExecuteAsync(
            "create materialized view public.m as select pg_advisory_xact_lock(7)::text, a from s.t"
        );
        await bench.Database.UntilAsync(
            "select exists (select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database()))"
        );
        await using var run = await bench.OpenAsync();
        await run.ExecuteAsync(
            "create or replace view s.v as select a::bigint as a, m, n, 1 as more from s.t",
            default
        );
        await new NpgsqlCommand("select pg_advisory_unlock(7)", gate).ExecuteNonQueryAsync();

        await innocent;

        Assert.True(await bench.Database.ScalarAsync<bool>("select to_regclass('public.m') is not null"));
    }

    [Fact]
    public async Task Who_may_not_even_see_the_schema_is_held_back_all_the_same()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            Setup
                + """
                create role base_owner_locked; create schema base; create table base.b (a int);
                alter table base.b owner to base_owner_locked; grant usage on schema base to base_owner_locked;
                create view s.over_base as select a from base.b;
                """
        );
        var contract = new Contract(new RelationName("s", "over_base"), [new("a", "int", false)], [], []);
        await LockAsync(bench, contract);
        await using var owner = await bench.Database.ConnectAsync();

        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            new NpgsqlCommand("set role base_owner_locked; drop table base.b cascade", owner).ExecuteNonQueryAsync()
        );

        Assert.Contains("s.over_base is locked", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_of_somebody_elses_is_not_trusted_and_a_planted_function_not_kept()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            Setup + "create role planter_locked; create schema tidelock authorization planter_locked;"
        );
        await using var session = await bench.OpenAsync();
        var refusal = await Lock(Contract).InstallAsync(session, "min", TextCatalog.English, default);
        Assert.Equal("contracts.lock.strange-schema", refusal?.Code);
        Assert.Equal("planter_locked", refusal?.Arguments["owner"]);

        await bench.Database.ExecuteAsync("alter schema tidelock owner to postgres");
        await LockAsync(bench, Contract);
        await bench.Database.ExecuteAsync(
            "do $$ begin execute (select format('alter function %s owner to planter_locked', oid::regprocedure) from pg_proc where pronamespace = 'tidelock'::regnamespace); end $$"
        );
        await LockAsync(bench, Contract);
        Assert.Equal(
            "postgres",
            await bench.Database.ScalarAsync<string>(
                "select proowner::regrole::text from pg_proc where pronamespace = 'tidelock'::regnamespace"
            )
        );
    }

    [Fact]
    public async Task A_lock_that_guards_nothing_any_more_is_found_by_verify()
    {
        await using var bench = await LockedAsync();
        await using var run = await bench.OpenAsync();
        Assert.Empty((await ContractLock.FindingsAsync(run, V, default))!);
        await run.ExecuteAsync(
            "create or replace view s.v as select a::bigint as a, m, n, 1 as more from s.t",
            default
        );
        var wider = Contract with { Columns = [.. Contract.Columns, new("more", "int", false)] };

        var report = await ContractVerifier.ReportAsync(
            run,
            wider,
            TimeSpan.FromMinutes(1),
            TimeProvider.System,
            default
        );

        Assert.False(report.Holds);
        Assert.Equal("contracts.lock.stale", Assert.Single(report.Findings).Code);
        await LockAsync(bench, wider);
        Assert.Empty((await ContractLock.FindingsAsync(run, V, default))!);
        await UnlockAsync(bench, wider);
        Assert.Null(await ContractLock.FindingsAsync(run, V, default));
    }

    [Fact]
    public async Task Unlocking_what_is_not_locked_leaves_an_empty_schema_of_that_name_alone()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup + "create schema tidelock;");
        await UnlockAsync(bench, Contract);
        Assert.True(await bench.Database.ScalarAsync<bool>("select to_regnamespace('tidelock') is not null"));
    }

    [Fact]
    public async Task What_it_cannot_check_it_lets_through_with_a_warning()
    {
        await using var bench = await LockedAsync();
        await bench.Database.ExecuteAsync(
            "create role blind_locked login; grant create on schema public to blind_locked; revoke select on pg_attribute from public"
        );
        var notices = new List<string>();
        await using var connection = await bench.Database.ConnectAsync();
        connection.Notice += (_, e) => notices.Add(e.Notice.MessageText);

        await new NpgsqlCommand(
            "set role blind_locked; create table public.mine (a int)",
            connection
        ).ExecuteNonQueryAsync();

        Assert.Contains(
            notices,
            n => n.StartsWith("The lock of s.v by the change moods could not be checked", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_table_is_locked_with_its_NOT_NULL_and_may_be_filled_with_anything()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var name = new RelationName("s", "t");
        var contract = Contract with
        {
            Relation = name,
            Columns = [new("a", "int", true), .. Contract.Columns.Skip(1)],
        };
        await LockAsync(bench, contract);

        await bench.Database.ExecuteAsync("insert into s.t values (2, null, 'y'); create index on s.t (n)");
        foreach (
            var ddl in (string[])
                [
                    "alter table s.t alter n drop not null",
                    "alter table s.t add b int",
                    "alter table s.t alter m type text",
                ]
        )
        {
            await Assert.ThrowsAsync<PostgresException>(() => bench.Database.ExecuteAsync("drop view s.v; " + ddl));
        }
    }

    [Theory]
    [InlineData("{hint}", "{name}")]
    [InlineData("it's \"q\" \\ $body$", "a % b")]
    [InlineData("스키마", "응시 기록 ")]
    public async Task Any_name_can_be_locked_and_unlocked(string schema, string view)
    {
        var name = new RelationName(schema, view);
        await using var bench = await ViewBench.EmptyAsync(
            server,
            $"create schema {Identifiers.Quote(schema)}; create view {name.Sql} as select 1 as {Identifiers.Quote(view)}"
        );
        var contract = new Contract(name, [new(view, "integer", false)], [], []);
        await LockAsync(bench, contract);

        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            bench.Database.ExecuteAsync($"drop view {name.Sql}")
        );
        Assert.Contains($"{name} is locked", refused.MessageText, StringComparison.Ordinal);
        // Nothing beyond columns is promised, so a definition with the same ones is nobody's business.
        await bench.Database.ExecuteAsync(
            $"create or replace view {name.Sql} as select 2 as {Identifiers.Quote(view)}"
        );

        await UnlockAsync(bench, contract);
        await bench.Database.ExecuteAsync($"drop view {name.Sql}");
    }

    [Fact]
    public async Task Locking_again_renews_and_unlocking_leaves_nothing_behind()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var before = await bench.WholeCatalogAsync();
        await LockAsync(bench, Contract);
        await LockAsync(bench, Contract, TextCatalog.Korean);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => bench.Database.ExecuteAsync("drop view s.v"));
        Assert.Contains("잠갔습니다", refused.MessageText, StringComparison.Ordinal);
        Assert.Equal(2L, await bench.Database.ScalarAsync<long>("select count(*) from pg_event_trigger"));

        await UnlockAsync(bench, Contract);
        await UnlockAsync(bench, Contract);

        Assert.Equal(before, await bench.WholeCatalogAsync());
        Assert.Equal(0L, await bench.Database.ScalarAsync<long>("select count(*) from pg_event_trigger"));
        Assert.False(await bench.Database.ScalarAsync<bool>("select to_regnamespace('tidelock') is not null"));
    }

    [Fact]
    public async Task Who_may_not_make_event_triggers_is_told_and_nothing_is_left_of_the_attempt()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            Setup
                + "create role plain_locker login; grant all on schema s to plain_locker; alter view s.v owner to plain_locker"
        );
        await bench.Database.ExecuteAsync(
            $"grant create on database {Identifiers.Quote(bench.Database.Name)} to plain_locker"
        );
        await using var session = await PostgresSession.OpenAsync(
            bench.Database.TargetAs("plain_locker"),
            "tidelock/lock",
            default
        );

        var refusal = await Lock(Contract).InstallAsync(session, "min", TextCatalog.English, default);

        Assert.Equal("contracts.lock.not-allowed", refusal?.Code);
        Assert.Equal("plain_locker", refusal?.Arguments["role"]);
        Assert.False(await bench.Database.ScalarAsync<bool>("select to_regnamespace('tidelock') is not null"));
        await LockAsync(bench, Contract);
        Assert.Equal("contracts.lock.not-owner", (await Lock(Contract).RemoveAsync(session, default))?.Code);
        // Its owner is bound by it like everybody else.
        await using var owner = await bench.Database.ConnectAsync();
        await Assert.ThrowsAsync<PostgresException>(() =>
            new NpgsqlCommand("set role plain_locker; drop view s.v", owner).ExecuteNonQueryAsync()
        );
    }

    private async Task<ViewBench> LockedAsync()
    {
        var bench = await ViewBench.EmptyAsync(server, Setup);
        await LockAsync(bench, Contract);
        return bench;
    }

    private static ContractLock Lock(Contract contract) =>
        new(contract, contract.Relation!, "moods", "tidelock unlock moods --env test");

    private static async Task LockAsync(ViewBench bench, Contract contract, TextCatalog? texts = null)
    {
        await using var session = await bench.OpenAsync();
        Assert.Null(await Lock(contract).InstallAsync(session, "min", texts ?? TextCatalog.English, default));
    }

    private static async Task UnlockAsync(ViewBench bench, Contract contract)
    {
        await using var session = await bench.OpenAsync();
        Assert.Null(await Lock(contract).RemoveAsync(session, default));
    }

    private static async Task<IReadOnlyList<Message>> ShapeAsync(ViewBench bench)
    {
        await using var session = await bench.OpenAsync();
        return await ContractVerifier.ShapeAsync(session, Contract, default);
    }
}
