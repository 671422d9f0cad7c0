using Npgsql;
using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Statements;

public sealed class StatementDeploymentTests(PostgresServer server)
{
    private const string Up = "create index concurrently by_name on public.results (name);\nanalyze public.results;\n";
    private const string Down = "drop index concurrently public.by_name;\n";
    private const string Quick = "gates: { backup: off }\n";

    [Fact]
    public async Task An_index_is_built_through_all_steps_and_its_down_file_takes_it_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync(Up, Down, Quick);
        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), default);
        Assert.True(plan.Ready, string.Join('\n', plan.Change.Concat(plan.Surprises)));
        Assert.Equal(
            ["migrations.statements.line-harmless", "migrations.statements.line-harmless"],
            plan.Change.Select(m => m.Code).Where(c => c.StartsWith("migrations.", StringComparison.Ordinal))
        );
        Assert.Equal("deployments.plan.proven", plan.WayBack[0].Code);
        Assert.Empty(await IndexesAsync(fixture));

        var end = await services.Deployment.StartAsync(fixture.Request(), fixture.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(["by_name|True"], await IndexesAsync(fixture));
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "downgrade",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Empty(await IndexesAsync(fixture));
    }

    [Fact]
    public async Task A_unique_violation_in_the_second_index_takes_the_first_one_back_too()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync("insert into public.results values (0, 'n1')");
        await fixture.ByStatementsAsync(
            Up + "create unique index concurrently once on public.results (name);",
            "drop index concurrently public.once;\n" + Down,
            Quick
        );

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal("migrations.statements.halfway", end.State!.Step("migrate").Finding!.Code);
        Assert.Contains("2 of 3", end.State.Step("migrate").Finding!.ToString(), StringComparison.Ordinal);
        Assert.Empty(await IndexesAsync(fixture));
    }

    [Fact]
    public async Task A_unique_violation_in_the_only_index_ends_with_nothing_changed()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync("insert into public.results values (0, 'n1')");
        await fixture.ByStatementsAsync(
            "create unique index concurrently once on public.results (name);",
            "drop index concurrently public.once;",
            Quick
        );

        var end = await fixture.DeployAsync();

        Assert.Equal(RunResult.NothingChanged, end.State!.Result);
        Assert.Equal("migrations.statements.failed-dropped", end.Finding.Code);
        Assert.Empty(await IndexesAsync(fixture));
    }

    [Fact]
    public async Task A_word_to_abort_while_an_index_waits_ends_it_and_takes_back_what_was_done()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync(
            "create index by_score on public.results (score);\n" + Up,
            Down + "drop index concurrently public.by_score;",
            Quick + "rollback: { method: downgrade }\n"
        );
        await using var services = await fixture.OpenAsync();
        await using var old = await fixture.Database.ConnectAsync();
        await new NpgsqlCommand("begin isolation level repeatable read; select 1", old).ExecuteNonQueryAsync();
        var run = services.Deployment.StartAsync(fixture.Request(), fixture.Terminal(), default);
        await fixture.Database.UntilAsync("select to_regclass('public.by_score') is not null");
        await fixture.Database.UntilAsync(
            """
            select to_regclass('public.by_name') is not null and exists (select from pg_stat_activity
             where datname = current_database() and application_name like 'tidelock/%' and wait_event = 'virtualxid')
            """
        );
        fixture.Requests.Writer.TryWrite(new RunRequest.Interrupt());
        await fixture.Database.UntilAsync("select to_regclass('public.by_name') is null");
        await old.DisposeAsync();

        var end = await run;

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Empty(await IndexesAsync(fixture));
    }

    [Fact]
    public async Task A_statement_whose_end_nobody_saw_needs_a_person_who_can_take_the_change_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync(
            "do 'begin perform pg_sleep(30); create table public.more (); end';",
            "drop table if exists public.more;",
            "gates: { backup: off, rollbackPlan: off }\n"
        );
        await using var services = await fixture.OpenAsync();
        var run = services.Deployment.StartAsync(fixture.Request(), fixture.Terminal(), default);
        const string asleep =
            "from pg_stat_activity where datname = current_database() and application_name like 'tidelock/%' and wait_event = 'PgSleep'";
        await fixture.Database.UntilAsync($"select exists (select {asleep})");
        await fixture.Database.ExecuteAsync($"select pg_terminate_backend(pid) {asleep}");

        var end = await run;

        Assert.True(end.ExitCode == ExitCode.NeedsPerson, end.Finding.ToString());
        Assert.Equal("migrations.statements.unknown", end.Finding.Code);
        Assert.Contains("up.sql:1", end.Finding.ToString(), StringComparison.Ordinal);
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "downgrade",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
    }

    private static Task<List<string>> IndexesAsync(DeploymentFixture fixture) =>
        fixture.Database.RowsAsync(
            """
            select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
            where i.indrelid = 'public.results'::regclass and not i.indisprimary order by 1
            """
        );
}
