using Npgsql;
using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>A rehearsal on the target, where the machine's programs are older than the server: PostgreSQL 17 here.</summary>
public sealed class TargetRehearsalTests(PostgresServer server)
{
    private const string Files = """
        create table public.results (id int primary key, name text, score numeric);
        insert into public.results select i, 'n' || i, i from generate_series(1, 100) i;
        create view public.scores as select score, id, name from public.results;
        create view public.top_scores as select id, score from public.scores where score > 90;
        grant select on public.top_scores to public;
        """;

    private const string Contract =
        "contract:\n  relation: public.scores\n  columns: [{ name: id, type: bigint }, { name: name, type: text }]\n";

    [Fact]
    public async Task A_plan_tells_what_the_copy_would_have_told_and_nothing_remains()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(await server.CreateDatabaseAsync(17));
        await using var services = await fixture.OpenAsync();
        var before = await fixture.CatalogAsync();
        var without = await services.Deployment.PlanAsync(fixture.Request(), default);
        Assert.Contains(without.Change, m => m.Code == "deployments.plan.on-target-hint");
        Assert.Empty(without.Statements);

        var plan = await services.Deployment.PlanAsync(fixture.Request() with { OnTarget = true }, default);

        Assert.Equal(
            ["rehearsals.old-server", "deployments.plan.tried-on-target", "deployments.plan.recreated"],
            plan.Change.Take(3).Select(m => m.Code)
        );
        Assert.Contains("on the target, rolled back", plan.Change[2].ToString(), StringComparison.Ordinal);
        Assert.Contains("\"id\" integer", string.Join('\n', plan.Change), StringComparison.Ordinal);
        Assert.Equal("deployments.plan.rehearsed-on-target", plan.WayBack[0].Code);
        foreach (var way in new[] { plan.Statements, plan.BackStatements })
        {
            Assert.Equal(2, way.Count(s => s.Command == "DROP VIEW"));
            Assert.Equal(2, way.Count(s => s.Command == "CREATE VIEW"));
        }

        Assert.Equal(
            ["scores", "top_scores"],
            plan.Statements.SelectMany(s => s.Locks)
                .Where(l => l.Mode == TakenLock.AccessExclusive)
                .Select(l => l.Relation.Name)
                .Order(StringComparer.Ordinal)
        );

        // It is no proof for the checklist: a start evaluates that anew, and tries nothing on the target.
        Assert.False(plan.Gates.Single(g => g.Name == "rollback").Passed);
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(
            "0",
            $"{await fixture.Database.ScalarAsync<long>("select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.datname = current_database() and a.application_name like 'tidelock%'")}"
        );
    }

    [Fact]
    public async Task A_try_that_is_blocked_gives_up_within_the_budget_and_names_who_is_in_the_way()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Files);
        bench
            .Declaring(
                "migration:\n  view: { name: public.scores, definition: new.sql }\n  locks: { try: 20ms, total: 300ms }\n"
            )
            .With("new.sql", "select id::bigint as id, name from public.results");
        await using var reader = await bench.Database.ConnectAsync();
        await using var open = await reader.BeginTransactionAsync(default);
        await using (var command = new NpgsqlCommand("select * from public.top_scores limit 1", reader))
        {
            await command.ExecuteNonQueryAsync();
        }

        var since = TimeProvider.System.GetTimestamp();
        var result = await TryAsync(bench);
        var reason = result.Problem!.Parts!["reason"];
        Assert.StartsWith("migrations.lock-not-granted", reason.Code, StringComparison.Ordinal);
        Assert.Contains($"{reader.ProcessID}", reason.ToString(), StringComparison.Ordinal);
        Assert.Null(result.ForwardTook);
        Assert.True(TimeProvider.System.GetElapsedTime(since).TotalSeconds < 60);
    }

    [Fact]
    public async Task SQL_by_hand_is_told_statement_by_statement_and_its_loss_is_found()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Files);
        bench
            .Declaring(Contract + "migration: { sql: { up: up.sql, down: down.sql } }\nrollback: { method: downgrade }")
            .With(
                "up.sql",
                """
                drop view public.scores cascade; -- takes top_scores along
                create view public.scores as select id::bigint as id, name from public.results;
                alter table public.results add column more int;
                update public.results set score = 0;
                """
            )
            .With(
                "down.sql",
                "drop view public.scores; create view public.scores as select score, id, name from public.results;"
            );
        var before = await bench.Views.CatalogAsync();

        var result = await TryAsync(bench);

        Assert.Equal(["DROP VIEW", "CREATE VIEW", "ALTER TABLE", "UPDATE"], result.Statements.Select(s => s.Command));
        Assert.Equal(
            ["ACCESS EXCLUSIVE scores", "ACCESS EXCLUSIVE top_scores"],
            result.Statements[0].Locks.Select(l => $"{l.Mode} {l.Relation.Name}")
        );
        Assert.Equal(
            ["ACCESS EXCLUSIVE results"],
            result.Statements[2].Locks.Select(l => $"{l.Mode} {l.Relation.Name}")
        );
        var reason = result.Problem!.Parts!["reason"];
        Assert.Equal("rehearsals.target.not-back", reason.Code);
        Assert.Contains("top_scores", reason.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await bench.Views.CatalogAsync());
        Assert.Equal(5050m, await bench.Database.ScalarAsync<decimal>("select sum(score) from public.results"));
    }

    [Theory]
    [InlineData("create table public.left (id int); commit; select 1", "migrations.sql.transaction-control")]
    [InlineData("alter table public.results drop column score; select pg_sleep(9)", "rehearsals.target.too-long")]
    [InlineData("select setval('public.numbers', 1, false)", "rehearsals.target.lasting")]
    [InlineData("copy public.results to program 'cat'", "rehearsals.target.lasting")]
    [InlineData("insert into public.later values (7)", "violates foreign key")]
    [InlineData("select 1;\n  alter table public.results add column t nothing", "up.sql:2:43")]
    public async Task What_would_commit_hold_locks_or_fail_is_refused_and_leaves_nothing(string up, string code)
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            """
            create table public.results (id int, score int);
            create sequence public.numbers;
            create table public.keys (id int primary key);
            create table public.later (id int references public.keys deferrable initially deferred);
            """
        );
        bench.Declaring("migration: { sql: { up: up.sql } }\nrollback: { method: backup }").With("up.sql", up);
        var before = await bench.Views.CatalogAsync();
        var result = await TryAsync(bench);
        var reason = result.Problem!.Parts!["reason"];
        Assert.Contains(code, $"{reason.Code} {reason}", StringComparison.Ordinal);
        Assert.Equal(before, await bench.Views.CatalogAsync());
    }

    [Fact]
    public async Task A_role_that_the_way_there_takes_on_does_not_go_the_way_back()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, "create table public.results (id int)");
        var role = $"nobody_{Guid.NewGuid():N}";
        await bench.Database.ExecuteAsync($"create role {role}; grant create, usage on schema public to {role}");
        bench
            .Declaring("migration: { sql: { up: up.sql, down: down.sql } }\nrollback: { method: downgrade }")
            .With("up.sql", $"alter table public.results add column more int; set role {role}")
            .With("down.sql", "alter table public.results drop column more");
        var result = await TryAsync(bench);
        Assert.Null(result.Problem);
        Assert.NotNull(result.BackTook);
        await bench.Database.ExecuteAsync($"drop owned by {role}; drop role {role}");
    }

    [Fact]
    public async Task A_filled_materialized_view_is_not_filled_anew_on_the_target()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            Files + "create materialized view public.kept as select max(score) as best from public.scores;"
        );
        bench
            .Declaring("migration: { view: { name: public.scores, definition: new.sql } }")
            .With("new.sql", "select id from public.results");
        var reason = (await TryAsync(bench)).Problem!.Parts!["reason"];
        Assert.Equal("rehearsals.target.filled", reason.Code);
        Assert.Contains("kept", reason.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_rolled_back_is_not_tried_on_the_target()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, "create table public.results (id int)");
        bench
            .Declaring("migration: { sql: { up: up.sql, transaction: none } }\nrollback: { method: backup }")
            .With("up.sql", "create index concurrently i on public.results (id)");
        Assert.Equal("rehearsals.target.kind", (await TryAsync(bench)).Problem!.Parts!["reason"].Code);
        Assert.Equal(
            0,
            await bench.Database.ScalarAsync<long>("select count(*) from pg_indexes where schemaname = 'public'")
        );
    }

    private static Task<WayRehearsal> TryAsync(RehearsalBench bench)
    {
        var change = bench.Change();
        return bench.Rehearser.OnTargetAsync(
            change,
            bench.Database.Target,
            new WayRehearsal(
                change.Section<Tidelock.Rollbacks.RollbackOptions>().Method,
                Tidelock.Rollbacks.RunBaseline.RelationOf(change)
            ),
            default
        );
    }
}
