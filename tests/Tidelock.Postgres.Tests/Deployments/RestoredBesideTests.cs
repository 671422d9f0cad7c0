using System.Text.Json;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>The whole way: a change, its backup restored beside, the swap, and the swap back.</summary>
public sealed class RestoredBesideTests(PostgresServer server)
{
    private const string Quick = "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }\n";

    [Fact]
    public async Task A_backup_is_restored_beside_and_swapped_and_the_swap_is_taken_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var name = fixture.Database.Name;
        await fixture.Database.ExecuteAsync(
            $"""
            comment on database {name} is 'of the exams';
            alter database {name} set search_path = "$user", public, "a,b";
            alter database {name} connection limit 40;
            create publication all_of_it for all tables;
            alter default privileges grant select on tables to pg_monitor
            """
        );
        var before = await fixture.CatalogAsync();
        var around = await AroundAsync(fixture);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var after = await fixture.CatalogAsync();
        await fixture.Database.ExecuteAsync("delete from public.results where id <= 10");
        var oid = await OidAsync(fixture);

        var back = await BackAsync(fixture, done, "backup");

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(around, await AroundAsync(fixture));
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from public.results"));
        var swapped = Assert.Single(fixture.Events.OfType<DatabaseSwapped>());
        Assert.Equal(await OidAsync(fixture), swapped.Identity.DatabaseOid);
        Assert.NotEqual(oid, swapped.Identity.DatabaseOid);
        Assert.True(swapped.Interrupted < TimeSpan.FromSeconds(15), $"{swapped.Interrupted}");
        Assert.Equal(SwapPlan.BeforeOf(name, done.Run!.Value.Value), swapped.Kept);
        Assert.Equal([$"{swapped.Kept}|{oid}|False"], await KeptAsync(fixture));
        await fixture.Database.ExecuteAsync(
            $"delete from public.results where id > 98; alter database {name} set work_mem = '9MB'"
        );
        around = await AroundAsync(fixture);

        var undone = await BackAsync(fixture, done, "undo");

        Assert.True(undone.ExitCode == ExitCode.Done, undone.Finding.ToString());
        Assert.Equal((RunResult.Undone, true), (undone.State!.Result, undone.State.InPlace));
        Assert.Equal(after, await fixture.CatalogAsync());
        Assert.Equal(around, await AroundAsync(fixture));
        Assert.Equal(90, await fixture.Database.ScalarAsync<long>("select count(*) from public.results"));
        Assert.Equal(oid, await OidAsync(fixture));

        // And once more: the restored one of the first time is in nobody's way.
        var again = await BackAsync(fixture, done, "backup");
        Assert.True(again.ExitCode == ExitCode.RolledBack, again.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from public.results"));
        await DropAsync(fixture);
    }

    [Fact]
    public async Task An_ordinary_login_that_may_create_databases_restores_beside()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var login = "login_" + fixture.Database.Name;
        await fixture.Database.ExecuteAsync(
            $"""
            create role {login} login createdb; grant pg_signal_backend to {login};
            alter database {fixture.Database.Name} owner to {login};
            alter table public.results owner to {login}; alter view public.scores owner to {login}; alter view public.top_scores owner to {login};
            grant create on schema public to {login}; alter database {fixture.Database.Name} connection limit 60
            """
        );
        fixture.Address = ExampleUri(fixture.Database.TargetAs(login));
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        var back = await BackAsync(fixture, done, "backup");

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(
            60,
            await fixture.Database.ScalarAsync<int>(
                "select datconnlimit from pg_database where datname = current_database()"
            )
        );
        await DropAsync(fixture);
    }

    [Fact]
    public async Task Rows_that_the_backup_has_not_seen_are_saved_from_the_database_that_was_replaced_and_no_number_comes_twice()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.ExecuteAsync("create sequence public.numbers");
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync(
            """
            update public.results set name = 'later' where id <= 3; insert into public.results values (500, 'new', 1);
            select nextval('public.numbers') from generate_series(1, 30)
            """
        );

        var back = await BackAsync(fixture, done, "backup rescue");

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        var schema = $"tidelock_rescue_{done.Run!.Value.Value.ToLowerInvariant()}";
        Assert.Equal(
            ["1|later", "2|later", "3|later", "500|new"],
            await fixture.Database.RowsAsync($"select id, name from {schema}.\"public.results\" order by id")
        );
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from public.results"));
        Assert.EndsWith("|False", Assert.Single(await KeptAsync(fixture)), StringComparison.Ordinal);
        Assert.Contains(schema, back.State!.Step("rollback.revert").Finding!.ToString(), StringComparison.Ordinal);
        var swapped = Assert.Single(fixture.Events.OfType<DatabaseSwapped>()).Finding;
        Assert.Equal(("rollbacks.sequences.carried", "public.numbers"), (swapped.Code, swapped.Arguments["sequences"]));
        Assert.Equal(31, await fixture.Database.ScalarAsync<long>("select nextval('public.numbers')"));
        await DropAsync(fixture);
    }

    [Fact]
    public async Task Where_rows_could_not_be_saved_nothing_is_restored_and_nothing_swapped()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var login = "login_" + fixture.Database.Name;
        await fixture.Database.ExecuteAsync(
            $"""
            create role {login} login createdb; grant pg_signal_backend to {login};
            alter database {fixture.Database.Name} owner to {login};
            grant select on all tables in schema public to {login}; alter table public.results enable row level security
            """
        );
        var superuser = fixture.Address;
        fixture.Address = ExampleUri(fixture.Database.TargetAs(login));

        var back = await BackAsync(fixture, done, "backup rescue");

        Assert.Equal((ExitCode.NeedsPerson, "rollbacks.rescue.not-restored"), (back.ExitCode, back.Finding.Code));
        Assert.Equal("rollbacks.rescue.unreadable", back.Finding.Parts!["problem"].Code);
        Assert.True(back.State!.InPlace);
        Assert.Null(back.State.Fact("rollback.revert", BesideFacts.Begun));
        fixture.Address = superuser;
    }

    [Fact]
    public async Task Rows_saved_earlier_are_named_in_the_database_that_is_put_away_and_nobody_is_told_to_drop_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.ExecuteAsync("create schema tidelock_rescue_earlier; create schema tidelock_rescues");
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        var cost = await fixture.AssessAsync(done, "backup");
        var back = await BackAsync(fixture, done, "backup");

        Assert.Equal("rollbacks.swap.holds-saved", cost.Cost.Code);
        Assert.Equal("tidelock_rescue_earlier", cost.Cost.Arguments["schemas"]);
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        var told = Assert.Single(fixture.Events.OfType<DatabaseSwapped>()).Finding;
        Assert.Equal("rollbacks.beside.swapped-with-saved", told.Code);
        Assert.DoesNotContain("drop database", told.ToString(), StringComparison.Ordinal);
        await DropAsync(fixture);
    }

    [Fact]
    public async Task What_an_undo_costs_is_told_per_table()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        await fixture.Database.ExecuteAsync("create table public.log (line text)");
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var back = await BackAsync(fixture, done, "backup");
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        await fixture.Database.ExecuteAsync(
            """
            insert into public.log select 'x' from generate_series(1, 7); delete from public.results where id <= 2;
            create table public.later as select 1 as n; select lo_from_bytea(0, decode(repeat('ab', 5000), 'hex'))
            """
        );

        // What the server has not been told yet, or is busy with, is there a moment later.
        string[] told =
        [
            "public.log",
            "7 or more rows (counted: 0 then, 7 now)",
            "2 or more rows (counted: 100 then, 98 now)",
            "public.later",
            "large objects: 3 pages",
        ];
        RollbackAssessment? cost = null;
        var tables = "";
        await Polling.UntilAsync(async () =>
        {
            cost = await fixture.AssessAsync(back, "undo");
            tables = cost.Cost.Parts!["tables"].ToString();
            return cost.RowsLost == 10 && told.All(t => tables.Contains(t, StringComparison.Ordinal));
        });

        Assert.True(cost!.AtLeast);
        await fixture.Database.ExecuteAsync("truncate public.log");
        cost = await fixture.AssessAsync(back, "undo");
        Assert.Null(cost.RowsLost);
        await DropAsync(fixture);
    }

    [Fact]
    public async Task While_a_swap_is_open_whoever_is_told_to_wait_is_told_how_the_name_opens_and_the_command_does_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var name = fixture.Database.Name;
        var plan = new SwapPlan(name, await OidAsync(fixture), name + "_before", 1, name + "_beside");
        var run = await fixture.JournalAsync([
            .. fixture.Events,
            new RollbackStarted("backup", Message.Of("runs.asked-by", ("by", "kim")), "kim")
            {
                At = TimeProvider.System.GetUtcNow(),
            },
            new FactRecorded(
                BesideFacts.Step,
                BesideFacts.Swap,
                JsonSerializer.SerializeToElement(plan, RollbacksJson.Default.SwapPlan)
            ),
        ]);
        var outside = fixture.Database.Cluster.Target();
        await using var another = await RunLockSession.OpenAsync(outside, "tidelock/another/1", default);
        Assert.Null(await another.TryTakeAsync(plan.Leaving, default));
        await TestDatabase.RunAsync(outside, $"alter database {name} with allow_connections false");
        await using var services = await fixture.OpenAsync();

        var end = await services.Deployment.ResumeAsync(run, fixture.Request(), false, fixture.Terminal(), default);

        Assert.Equal(ExitCode.AnotherRun, end.ExitCode);
        Assert.Equal("deployments.held", end.Finding.Parts!["finding"].Code);
        var closed = end.Finding.Parts["closed"];
        Assert.Equal(name, closed.Arguments["name"]);
        var command = closed.Arguments["command"]!.ToString()!;
        Assert.EndsWith(command, end.Finding.ToString(), StringComparison.Ordinal);
        var opened = await new ChildProgram(
            "bash",
            ["-c", command],
            fixture.Request().Target.LibpqEnvironment("test")
        ).RunAsync(default);
        Assert.True(opened.Succeeded, opened.LastWords);
        Assert.Equal(100, await fixture.Database.ScalarAsync<long>("select count(*) from public.results"));
    }

    [Fact]
    public async Task What_stands_in_the_way_is_told_before_anything_is_restored()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.CreateSlotAsync(fixture.Database.Name);

        var back = await BackAsync(fixture, done, "backup");

        Assert.Equal((ExitCode.NeedsPerson, "postgres.swap.slot"), (back.ExitCode, back.Finding.Code));
        Assert.True(back.State!.InPlace);
        Assert.Null(back.State.Fact("rollback.revert", BesideFacts.Begun));
        await fixture.Database.ExecuteAsync($"select pg_drop_replication_slot('{fixture.Database.Name}')");
        var next = await BackAsync(fixture, done, "backup");
        Assert.True(next.ExitCode == ExitCode.RolledBack, next.Finding.ToString());
        await DropAsync(fixture);
    }

    [Fact]
    public async Task A_database_that_somebody_else_swapped_under_the_run_is_not_touched()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var name = fixture.Database.Name;
        await using var admin = await PostgresSession.OpenAsync(server.Cluster.Target(), "test", default);
        await admin.ExecuteAsync($"alter database {name} rename to {name}_old", default);
        await using var old = TestDatabase.Of(server.Cluster, name + "_old");
        await admin.ExecuteAsync($"create database {name}", default);

        var back = await BackAsync(fixture, done, "definition");

        Assert.Equal((ExitCode.NeedsPerson, "runs.other-database"), (back.ExitCode, back.Finding.Code));
    }

    [Fact]
    public async Task Where_nothing_was_restored_there_is_nothing_to_undo()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var back = await BackAsync(fixture, done, "undo");
        Assert.Equal((ExitCode.Refused, "rollbacks.undo.nothing"), (back.ExitCode, back.Finding.Code));
        Assert.Equal(RunResult.Completed, back.State!.Result);
    }

    private static string ExampleUri(PostgresTarget target) =>
        $"postgresql://{target.User}@/{target.Database}?host={Uri.EscapeDataString(target.Host)}&port={target.Port}";

    private static Task<uint> OidAsync(DeploymentFixture fixture) =>
        fixture.Database.ScalarAsync<uint>("select oid from pg_database where datname = current_database()");

    private static Task<List<string>> AroundAsync(DeploymentFixture fixture) =>
        fixture.Database.RowsAsync(
            """
            select (to_jsonb(d) - 'oid' - 'datfrozenxid' - 'datminmxid')::text || coalesce(shobj_description(d.oid, 'pg_database'), '-')
            from pg_database d where datname = current_database()
            union all
            select unnest(setconfig) from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database())
            union all
            select pubname || puballtables::text from pg_publication
            union all
            select defaclobjtype::text || defaclacl::text from pg_default_acl
            """
        );

    private static Task<List<string>> KeptAsync(DeploymentFixture fixture) =>
        fixture.Database.RowsAsync(
            $"select datname, oid, datallowconn from pg_database where datname ~ '^{fixture.Database.Name}_'"
        );

    private static async Task DropAsync(DeploymentFixture fixture)
    {
        foreach (var kept in await KeptAsync(fixture))
        {
            await TestDatabase.Of(fixture.Database.Cluster, kept.Split('|')[0]).DisposeAsync();
        }
    }

    private static async Task<DeploymentEnd> BackAsync(DeploymentFixture fixture, DeploymentEnd done, string method)
    {
        await using var services = await fixture.OpenAsync();
        return await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            method,
            fixture.Terminal(),
            default
        );
    }
}
