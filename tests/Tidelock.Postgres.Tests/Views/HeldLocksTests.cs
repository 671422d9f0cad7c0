using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Rehearsals;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>Readers wait for as long as granted locks are held: that has a limit too.</summary>
public sealed class HeldLocksTests(PostgresServer server)
{
    private const string Setup = "create table t as select 1 as a; create view v as select a from t";

    private static readonly LockBudget Budget = ViewBench.Budget with { Held = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task Work_on_rows_behind_a_lock_is_taken_back_when_it_takes_too_long()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var catalog = await bench.CatalogAsync();
        var file = new ChangeFile(
            "up.sql",
            "drop view v; select pg_sleep(20); create view v as select a::bigint from t"
        );

        var outcome = await bench.RunAsync(new SqlMigration(file, null, Budget).Forward(null), Budget);

        TakenBack(outcome);
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_view_whose_ddl_takes_too_long_is_taken_back()
    {
        await using var bench = await SlowAsync(await server.CreateDatabaseAsync());
        var catalog = await bench.CatalogAsync();

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint as a from t", Budget));

        TakenBack(outcome);
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_not_waited_for_either()
    {
        // A server of its own: whoever drops a database waits for every backend, also for one that stands still.
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), default);
        await using var bench = await SlowAsync(await TestDatabase.CreateAsync(cluster));
        var catalog = await bench.CatalogAsync();
        const string Ours =
            "from pg_stat_activity where datname = current_database() and application_name = 'tidelock/test/1' and wait_event = 'PgSleep'";

        var migration = bench.ForwardAsync(
            ViewBench.View("v", "select a::bigint as a from t", Budget with { Held = TimeSpan.FromSeconds(3) })
        );
        await bench.Database.UntilAsync($"select exists (select {Ours})");
        var pid = await bench.Database.ScalarAsync<int>($"select pid {Ours}");
        Backends.Stop(pid);
        try
        {
            TakenBack(await migration);
        }
        finally
        {
            Backends.Continue(pid);
        }

        await bench.Database.UntilAsync($"select not exists (select from pg_stat_activity where pid = {pid})");
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task The_plan_names_what_works_on_rows_behind_the_first_lock_of_readers()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Setup);
        bench
            .With(
                "up.sql",
                "update t set a = 2; create table u (a int); drop view v;\nupdate t set a = a + 1;\n"
                    + "create view v as select a::bigint from t; insert into u select a from t"
            )
            .With("down.sql", "drop table u; drop view v; create view v as select a from t")
            .Declaring("migration: { sql: { up: up.sql, down: down.sql } }\nrollback: { method: downgrade }");

        var rehearsal = await bench.RehearseAsync();
        var told = WorkUnderLocks.Of(bench.Change().Section<Migration>(), rehearsal.Statements);

        Assert.Equal(["rehearsals.under-locks", "rehearsals.under-locks"], told.Select(m => m.Code));
        Assert.Contains("up.sql, line 2", told[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("the lock of line 1 (drop view v)", told[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("insert into u select a from t", told[1].ToString(), StringComparison.Ordinal);
    }

    /// <summary>Dropping a view takes 20 seconds there.</summary>
    private static async Task<ViewBench> SlowAsync(TestDatabase database) =>
        await ViewBench.EmptyAsync(
            database,
            Setup
                + """
                ; create function slow() returns event_trigger language plpgsql as 'begin perform pg_sleep(20); end';
                create event trigger slow on ddl_command_end when tag in ('DROP VIEW') execute function slow()
                """
        );

    private static void TakenBack(MigrationOutcome outcome)
    {
        Assert.IsType<MigrationOutcome.Failed>(outcome);
        Assert.Equal("migrations.held-too-long", outcome.Finding.Code);
    }
}
