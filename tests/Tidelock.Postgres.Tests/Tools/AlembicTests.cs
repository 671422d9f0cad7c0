using Npgsql;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Tools;

public sealed class AlembicTests(PostgresServer server)
{
    private static readonly ToolPath Path = new("attempt_before", "attempt_view_v1");

    [Fact]
    public async Task A_plain_alembic_downgrade_loses_the_view_its_dependents_and_their_grants()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        (await bench.AlembicAsync("upgrade", "head")).OrThrow();
        (await bench.AlembicAsync("downgrade", "attempt_before")).OrThrow();
        Assert.Equal(["attempt_before"], await bench.VersionAsync());
        Assert.Empty(
            await bench.Database.RowsAsync(
                "select relname from pg_class where relname in ('attempt', 'attempt_mv', 'daily_accuracy', 'weekly_kpi')"
            )
        );
    }

    [Fact]
    public async Task The_plan_tells_the_revisions_their_SQL_and_what_the_downgrade_will_lose()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        var catalog = await bench.Views.CatalogAsync();
        await using var services = await bench.OpenAsync();

        var plan = await services.Deployment.PlanAsync(bench.Request(), CancellationToken.None);

        Assert.True(plan.Ready, string.Join('\n', plan.Change.Concat(plan.Surprises)));
        var change = string.Join('\n', plan.Change);
        Assert.Contains(
            "alembic applies attempt_view_v1 Lock the attempt view to V1",
            change,
            StringComparison.Ordinal
        );
        Assert.Contains("create view public.attempt as", change, StringComparison.Ordinal);
        var loss = Assert.Single(plan.Surprises, s => s.Code == "rehearsals.tool.loses");
        Assert.Contains("attempt", loss.ToString(), StringComparison.Ordinal);
        Assert.Equal("deployments.plan.proven", plan.WayBack[0].Code);
        Assert.Equal(catalog, await bench.Views.CatalogAsync());
        Assert.Equal(["attempt_before"], await bench.VersionAsync());

        // Where the tool stands now is asked again: what was rehearsed from elsewhere says nothing.
        await bench.Database.ExecuteAsync("update public.alembic_version set version_num = 'attempt_view_v1'");
        plan = await services.Deployment.PlanAsync(bench.Request(), CancellationToken.None);
        Assert.Contains(plan.Change, m => m.Code == "migrations.tool.already");
    }

    [Fact]
    public async Task Alembic_upgrades_and_downgrades_for_real_and_what_it_loses_is_put_back()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        var catalog = await bench.Views.CatalogAsync();
        await using var services = await bench.OpenAsync();

        var end = await services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(["attempt_view_v1"], await bench.VersionAsync());
        Assert.Equal(
            "integer",
            await bench.Database.ScalarAsync<string>(
                "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'attempt'::regclass and attname = 'attempt_no'"
            )
        );

        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            bench.Request(),
            "downgrade",
            bench.Terminal(),
            default
        );

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(["attempt_before"], await bench.VersionAsync());
        Assert.Equal(catalog, await bench.Views.CatalogAsync());
        var reverted = Assert.Single(bench.Events.OfType<MigrationReverted>());
        Assert.Equal("rollbacks.downgrade.made-good", reverted.Finding.Code);
    }

    [Fact]
    public async Task The_way_back_leads_to_the_revision_that_the_change_names()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        await File.WriteAllTextAsync(
            System.IO.Path.Combine(bench.Project, "versions", "between.py"),
            "revision = 'between'\ndown_revision = 'attempt_before'\ndef upgrade():\n    pass\ndef downgrade():\n    pass\n"
        );
        bench.Edit("versions/attempt_view_v1.py", "down_revision = \"attempt_before\"", "down_revision = \"between\"");
        (await bench.AlembicAsync("upgrade", "between")).OrThrow();
        bench.Edit("../change.yaml", "upgrade: head", "upgrade: head, downgrade: attempt_before");
        var catalog = await bench.Views.CatalogAsync();
        await using var services = await bench.OpenAsync();

        var end = await services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default);
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(["attempt_view_v1"], await bench.VersionAsync());

        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            bench.Request(),
            "downgrade",
            bench.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(["attempt_before"], await bench.VersionAsync());
        Assert.Equal(catalog, await bench.Views.CatalogAsync());
    }

    [Theory]
    [InlineData("attempt_view_v1", "migrations.alembic.not-before")]
    [InlineData("aside", "migrations.alembic.not-before")]
    [InlineData("nowhere", "migrations.alembic.unanswered")]
    [InlineData("base", null)]
    public async Task A_way_back_to_what_is_no_ancestor_is_refused_before_the_start(string revision, string? code)
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        await File.WriteAllTextAsync(
            System.IO.Path.Combine(bench.Project, "versions", "aside.py"),
            "revision = 'aside'\ndown_revision = 'attempt_view_v1'\n"
        );
        bench.Edit("../change.yaml", "upgrade: head", $"upgrade: attempt_view_v1, downgrade: {revision}");

        Assert.Equal(code, (await AskAsync(bench)).Refusal?.Code);
    }

    [Fact]
    public async Task A_session_in_alembics_way_is_ended_where_the_change_names_it()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        await using var reader = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; select count(*) from attempt", reader).ExecuteNonQueryAsync();
        var locks = ViewBench.Budget with
        {
            Blockers = new(BlockerAct.Terminate, TimeSpan.FromSeconds(1), ["postgres"], []),
        };
        var deeds = new List<string>();
        var run = new ToolRun(bench.Migration().Tool, await bench.GroundAsync(locks), TimeProvider.System)
        {
            Deed = (deed, _) =>
            {
                deeds.Add(deed.Finding.Code);
                return Task.CompletedTask;
            },
        };

        var outcome = await run.RunAsync(Path, ToolDirection.Up, _ => Task.CompletedTask, bench.Progress.Add, default);

        Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Equal("migrations.blockers.ended", deeds[^1]);
    }

    [Fact]
    public async Task Who_holds_the_view_is_named_and_alembic_changes_nothing()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        var catalog = await bench.Views.CatalogAsync();
        await using var reader = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; select count(*) from attempt", reader).ExecuteNonQueryAsync();
        var locks = new LockBudget(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(4), 100);

        var outcome = await UpAsync(bench, locks);

        Assert.True(outcome is MigrationOutcome.LockNotGranted, outcome.Finding.ToString());
        var refused = (MigrationOutcome.LockNotGranted)outcome;
        Assert.Equal(reader.ProcessID, Assert.Single(refused.Blockers).ProcessId);
        // A long transaction is waited for outside the queue: each further try would only make readers wait.
        Assert.Equal(1, refused.Tries);
        Assert.Equal(catalog, await bench.Views.CatalogAsync());
        await new NpgsqlCommand("commit", reader).ExecuteNonQueryAsync();
        Assert.IsType<MigrationOutcome.Applied>(await UpAsync(bench, locks));
    }

    [Fact]
    public async Task An_upgrade_that_fails_tells_its_last_words_without_the_password()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        bench.Edit(
            "versions/attempt_view_v1.py",
            "    op.execute((SQL",
            "    raise ValueError(__import__('os').environ['DATABASE_URL'])\n    op.execute((SQL"
        );

        var outcome = Assert.IsType<MigrationOutcome.Failed>(await UpAsync(bench, null));

        Assert.Equal("migrations.tool.failed", outcome.Finding.Code);
        Assert.Contains("ValueError: postgresql://postgres:***@", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(["attempt_before"], await bench.VersionAsync());
    }

    [Fact]
    public async Task An_upgrade_that_stops_between_two_revisions_is_told_as_halfway()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        bench.Edit(
            "env.py",
            "configure(connection=connection)",
            "configure(connection=connection, transaction_per_migration=True)"
        );
        await File.WriteAllTextAsync(
            System.IO.Path.Combine(bench.Project, "versions", "third.py"),
            "revision = 'third'\ndown_revision = 'attempt_view_v1'\ndef upgrade():\n    raise ValueError('no')\ndef downgrade():\n    pass\n"
        );
        var run = new ToolRun(bench.Migration().Tool, await bench.GroundAsync(), TimeProvider.System);

        var up = await run.RunAsync(
            new ToolPath("attempt_before", "third"),
            ToolDirection.Up,
            _ => Task.CompletedTask,
            _ => { },
            default
        );

        Assert.IsType<MigrationOutcome.Halfway>(up);
        Assert.Contains("attempt_view_v1", up.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_died_halfway_asks_alembic_again_and_does_not_take_it_for_done()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        bench.Edit(
            "env.py",
            "configure(connection=connection)",
            "configure(connection=connection, transaction_per_migration=True)"
        );
        // On the copy it succeeds, so that the start is not refused.
        await File.WriteAllTextAsync(
            System.IO.Path.Combine(bench.Project, "versions", "third.py"),
            $"""
            from alembic import op
            revision = 'third'
            down_revision = 'attempt_view_v1'
            def upgrade():
                if op.get_bind().exec_driver_sql('select current_database()').scalar() == '{bench.Database.Name}':
                    raise ValueError('no')
            def downgrade():
                pass
            """
        );
        await using var services = await bench.OpenAsync();
        bench.DiesAfter = typeof(MigrationApplied);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default)
        );
        bench.DiesAfter = null;
        var run = Assert.Single(await services.Journal.ListAsync(default)).Run;

        var end = await services.Deployment.ResumeAsync(run, bench.Request(), false, bench.Terminal(), default);

        Assert.NotEqual(ExitCode.Done, end.ExitCode);
        Assert.Equal(StepStatus.Failed, end.State!.Step("migrate").Status);
        Assert.Equal("migrations.tool.halfway", end.State.Step("migrate").Finding!.Code);
        Assert.Single(bench.Events.OfType<MigrationApplied>());
    }

    [Fact]
    public async Task A_run_that_died_behind_the_upgrade_goes_on_and_upgrades_once()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        await using var services = await bench.OpenAsync();
        bench.DiesAfter = typeof(MigrationApplied);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default)
        );
        bench.DiesAfter = null;
        var run = Assert.Single(await services.Journal.ListAsync(default)).Run;

        var end = await services.Deployment.ResumeAsync(run, bench.Request(), false, bench.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(["attempt_view_v1"], await bench.VersionAsync());
        Assert.Single(bench.Events.OfType<MigrationApplied>());
    }

    [Fact]
    public async Task An_id_that_does_not_fit_is_said_before_the_start()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        bench.Edit(
            "versions/attempt_view_v1.py",
            "\"attempt_view_v1\"",
            "\"attempt_view_v1_with_an_id_of_more_than_32\""
        );
        await RefusedAsync(bench, "migrations.alembic.too-long");
        await bench.Database.ExecuteAsync("alter table alembic_version alter version_num type varchar(64)");
        Assert.Null((await AskAsync(bench)).Refusal);
    }

    [Fact]
    public async Task Two_heads_another_place_and_lost_limits_are_refused()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        var second = System.IO.Path.Combine(bench.Project, "versions", "second.py");
        await File.WriteAllTextAsync(second, "revision = 'second'\ndown_revision = 'attempt_before'\n");
        await RefusedAsync(bench, "migrations.alembic.heads");
        File.Delete(second);

        bench.Edit("env.py", "poolclass=", "connect_args={\"options\": \"-c lock_timeout=0\"}, poolclass=");
        await RefusedAsync(bench, "migrations.alembic.no-limits");

        await using var other = await server.CreateDatabaseAsync();
        bench.Edit("env.py", "os.environ[\"DATABASE_URL\"]", $"\"{other.Target.Uri}\"");
        await RefusedAsync(bench, "migrations.alembic.elsewhere");

        bench.Edit("env.py", "import sqlalchemy", "import sqlalchemy_is_not_here");
        await RefusedAsync(bench, "migrations.alembic.unanswered");
    }

    private static async Task RefusedAsync(AlembicBench bench, string code) =>
        Assert.Equal(code, (await AskAsync(bench)).Refusal?.Code);

    private static async Task<ToolStanding> AskAsync(AlembicBench bench) =>
        await bench.Migration().Tool.AskAsync(await bench.GroundAsync(), default);

    private static async Task<MigrationOutcome> UpAsync(AlembicBench bench, LockBudget? locks) =>
        await new ToolRun(bench.Migration().Tool, await bench.GroundAsync(locks), TimeProvider.System).RunAsync(
            Path,
            ToolDirection.Up,
            _ => Task.CompletedTask,
            bench.Progress.Add,
            default
        );
}
