using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Tools;

public sealed class CommandTests(PostgresServer server)
{
    [Fact]
    public async Task Sqitch_deploys_verifies_and_reverts_for_real_and_what_it_loses_is_put_back()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        var catalog = await bench.Views.CatalogAsync();
        await using var services = await bench.OpenAsync();
        var plan = await services.Deployment.PlanAsync(bench.Request(), default);
        Assert.True(plan.Ready, string.Join('\n', plan.Change.Concat(plan.Surprises)));
        Assert.Equal("deployments.plan.proven", plan.WayBack[0].Code);
        var loss = Assert.Single(plan.Surprises, s => s.Code == "rehearsals.tool.loses");
        Assert.True(
            loss.ToString().Contains("grant to PUBLIC by postgres: SELECT", StringComparison.Ordinal),
            loss.ToString()
        );
        Assert.Equal(["exam_results"], await bench.DeployedAsync());
        Assert.Equal(catalog, await bench.Views.CatalogAsync());

        var end = await services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(["exam_results", "attempt_v1"], await bench.DeployedAsync());
        Assert.Equal(
            "bigint",
            await bench.Database.ScalarAsync<string>(
                "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'attempt'::regclass and attname = 'id'"
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
        Assert.Equal(["exam_results"], await bench.DeployedAsync());
        Assert.Equal(catalog, await bench.Views.CatalogAsync());
        Assert.Equal(
            "rollbacks.downgrade.made-good",
            Assert.Single(bench.Events.OfType<MigrationReverted>()).Finding.Code
        );
    }

    /// <summary>As a program of Java would: it knows nothing of PG* variables and of sockets.</summary>
    [Fact]
    public async Task A_program_that_only_reads_a_JDBC_address_is_rehearsed_over_TCP()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        await bench.Database.ExecuteAsync(
            "create table public.jdbc_history (at int, revision text); insert into jdbc_history values (1, 'exam_results')"
        );
        bench.Edit("../change.yaml", "records: [sqitch]", "records: [public.jdbc_history]");
        bench.Edit("../change.yaml", "    revision: \"^# Name: +(\\\\S+)\"\n", "");
        bench.Edit(
            "../change.yaml",
            "ADDRESS: \"{host} {dbname}\"",
            "JDBC_URL: \"jdbc:postgresql://{host}:{port}/{dbname}?ApplicationName={application}&options=-c%20lock_timeout={lockTimeout}\", "
                + "JDBC_USER: \"{user}\", JDBC_PASSWORD: \"{password}\""
        );
        await File.WriteAllTextAsync(Path.Combine(bench.Project, "jdbc.py"), JdbcProgram);
        foreach (var key in new[] { "up", "down", "status" })
        {
            bench.Replace(
                key,
                $"exec env -u PGHOST -u PGPORT -u PGPASSWORD -u PGOPTIONS -u PGAPPNAME /usr/bin/python3 jdbc.py {key}"
            );
        }

        await using var services = await bench.OpenAsync();
        var plan = await services.Deployment.PlanAsync(bench.Request(), default);

        Assert.True(plan.Ready, string.Join('\n', plan.Change.Concat(plan.Surprises)));
        Assert.Equal("deployments.plan.proven", plan.WayBack[0].Code);
        Assert.Single(plan.Surprises, s => s.Code == "rehearsals.tool.loses");
        Assert.Equal(["exam_results"], await bench.Database.RowsAsync("select revision from jdbc_history"));

        var end = await services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(
            ["exam_results", "attempt_v1"],
            await bench.Database.RowsAsync("select revision from jdbc_history order by at")
        );
    }

    [Fact]
    public async Task A_run_that_died_behind_the_deploy_asks_sqitch_and_deploys_once()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        await using var services = await bench.OpenAsync();
        bench.DiesAfter = typeof(MigrationApplied);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            services.Deployment.StartAsync(bench.Request(), bench.Terminal(), default)
        );
        bench.DiesAfter = null;
        var run = Assert.Single(await services.Journal.ListAsync(default)).Run;

        var end = await services.Deployment.ResumeAsync(run, bench.Request(), false, bench.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(
            2,
            await bench.Database.ScalarAsync<long>("select count(*) from sqitch.events where event = 'deploy'")
        );
    }

    [Fact]
    public async Task A_lock_that_somebody_holds_is_given_up_within_the_budget_and_waited_for_outside_the_queue()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        await using var reader = await bench.Database.ConnectAsync();
        await new NpgsqlCommand("begin; select count(*) from attempt", reader).ExecuteNonQueryAsync();
        bench.Edit("../change.yaml", "try: 100ms, total: 2m", "try: 200ms, total: 4s");

        var outcome = await bench.UpAsync();

        Assert.True(outcome is MigrationOutcome.LockNotGranted, outcome.Finding.ToString());
        var refused = (MigrationOutcome.LockNotGranted)outcome;
        Assert.Equal(reader.ProcessID, Assert.Single(refused.Blockers).ProcessId);
        Assert.Equal(1, refused.Tries);
        Assert.Equal(["exam_results"], await bench.DeployedAsync());
    }

    [Fact]
    public async Task A_deploy_that_exits_well_and_did_nothing_is_not_believed()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Replace("up", "echo done");
        Assert.Equal(
            "migrations.tool.no-effect",
            Assert.IsType<MigrationOutcome.Failed>(await bench.UpAsync()).Finding.Code
        );
    }

    [Fact]
    public async Task A_deploy_that_fails_after_its_work_is_found_applied()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Replace("up", "sqitch deploy; exit 7");
        Assert.IsType<MigrationOutcome.Applied>(await bench.UpAsync());
    }

    [Fact]
    public async Task A_deploy_to_another_revision_than_declared_is_told_as_halfway()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Replace("up", "sqitch revert -y");
        var halfway = Assert.IsType<MigrationOutcome.Halfway>(await bench.UpAsync());
        Assert.Contains("base", halfway.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deploy_that_does_not_end_is_ended_with_its_connections_and_asked_what_it_had_done()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        // It survives the interrupt in a session of its own, so that only the end of its backend stops it.
        bench.Replace("up", "setsid psql -Xqc 'select pg_sleep(600)' >/dev/null 2>&1 & sqitch deploy; sleep 600");

        var limit = TimeSpan.FromMinutes(10);
        var deployed = bench.Database.UntilAsync(
            "select exists (select from sqitch.changes where change = 'attempt_v1')"
        );

        Assert.IsType<MigrationOutcome.Applied>(await bench.UpAsync(limit, new EndedTime(limit, deployed)));

        // Of the program that was asked a moment ago, its connection may still be seen.
        await bench.Database.UntilAsync(
            "select not exists (select from pg_stat_activity where application_name = 'tidelock/test/1/tool' and datname = current_database())"
        );
    }

    [Theory]
    [InlineData("PGAPPNAME=mine sqitch deploy", "mine")]
    [InlineData("PGOPTIONS= sqitch deploy", "lock_timeout 0")]
    public async Task A_deploy_that_does_not_take_our_name_and_limits_is_refused_in_the_plan(string script, string told)
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Replace("up", script);
        await using var services = await bench.OpenAsync();

        var plan = await services.Deployment.PlanAsync(bench.Request(), default);

        Assert.False(plan.Ready);
        var text = string.Join('\n', plan.Change.Concat(plan.WayBack));
        Assert.Contains("does not follow PGAPPNAME and PGOPTIONS", text, StringComparison.Ordinal);
        Assert.Contains(told, text, StringComparison.Ordinal);
        Assert.Equal(["exam_results"], await bench.DeployedAsync());
    }

    [Theory]
    [InlineData("true", "migrations.command.status-silent")]
    [InlineData("exit 3", "migrations.command.status-failed")]
    [InlineData("echo 'exam_results'", "migrations.command.elsewhere")]
    [InlineData("exec sleep 60", "migrations.command.status-late")]
    public async Task A_status_that_does_not_say_where_the_database_stands_is_refused(string script, string code)
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Edit("../change.yaml", "    revision: \"^# Name: +(\\\\S+)\"\n", "    within: 2s\n");
        bench.Replace("status", script);
        Assert.Equal(code, (await bench.AskAsync()).Refusal?.Code);
    }

    [Fact]
    public async Task A_status_without_the_expected_words_a_missing_program_and_a_revision_that_is_there_are_told()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Replace("status", "sqitch status | sed s/Name/Change/");
        Assert.Equal("migrations.command.status-unread", (await bench.AskAsync()).Refusal?.Code);

        bench.Edit("../change.yaml", "[./status.sh]", "[sqitch-is-not-here]");
        var missing = await Assert.ThrowsAsync<TidelockException>(bench.AskAsync);
        Assert.Equal("programs.not-found", missing.Problem.Code);

        bench.Edit("../change.yaml", "[sqitch-is-not-here]", "[sqitch, status]");
        (await bench.SqitchAsync("deploy")).OrThrow();
        var standing = await bench.AskAsync();
        Assert.Equal((standing.Wanted, null), (standing.Revision, standing.Refusal));
    }

    [Fact]
    public async Task Before_the_first_revision_a_way_back_that_asks_for_one_is_refused()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        (await bench.SqitchAsync("revert", "-y")).OrThrow();
        var standing = await bench.AskAsync();
        Assert.Equal(("", null), (standing.Revision, standing.Refusal));
        Assert.Equal("migrations.command.no-from", bench.Migration().Refusal(standing)?.Code);
        bench.Replace("down", "sqitch revert -y");
        Assert.Null(bench.Migration().Refusal(standing));
    }

    [Fact]
    public async Task The_password_reaches_the_program_by_its_environment_alone()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Edit(
            "../change.yaml",
            "{ LC_ALL: C.UTF-8,",
            "{ LC_ALL: C.UTF-8, OWN_PASSWORD: \"{password}\", OWN_OPTIONS: \"{options}\","
        );
        var program = bench.Tool().Up(await bench.GroundAsync(), new("exam_results", "attempt_v1"));
        var password = program.Environment["PGPASSWORD"]!;
        Assert.NotEmpty(password);
        Assert.Equal(password, program.Environment["OWN_PASSWORD"]);
        Assert.Equal(program.Environment["PGOPTIONS"], program.Environment["OWN_OPTIONS"]);
        Assert.Equal(["deploy", "--verify", "--to-change", "attempt_v1"], program.Arguments);
    }

    [Fact]
    public async Task Without_the_tools_record_the_way_is_not_rehearsed_and_the_plan_says_what_to_name()
    {
        await using var bench = await CommandBench.CreateAsync(server);
        bench.Edit("../change.yaml", "    records: [sqitch]\n", "");
        await using var services = await bench.OpenAsync();
        var plan = await services.Deployment.PlanAsync(bench.Request(), default);
        Assert.False(plan.Ready);
        Assert.Contains("migration.command.records", string.Join('\n', plan.Change), StringComparison.Ordinal);

        bench.Edit(
            "../change.yaml",
            "    to: attempt_v1\n",
            "    to: attempt_v1\n    records: [sqitch, public.flyway]\n"
        );
        plan = await services.Deployment.PlanAsync(bench.Request(), default);
        Assert.Equal("rehearsals.tool.record-not-copied", plan.Change[0].Code);
        Assert.Equal(["exam_results"], await bench.DeployedAsync());
    }

    private const string JdbcProgram = """
        import os, sys, urllib.parse
        import psycopg2

        url = urllib.parse.urlsplit(os.environ["JDBC_URL"].removeprefix("jdbc:"))
        asked = urllib.parse.parse_qs(url.query)
        if not url.hostname or not url.port:
            sys.exit("no host and port in the address")
        db = psycopg2.connect(
            host=url.hostname, port=url.port, dbname=url.path[1:], user=os.environ["JDBC_USER"],
            password=os.environ["JDBC_PASSWORD"], application_name=asked["ApplicationName"][0], options=asked["options"][0])
        db.autocommit = True
        sql = db.cursor()
        if sys.argv[1] == "up":
            sql.execute(open("deploy/attempt_v1.sql").read())
            sql.execute("insert into public.jdbc_history values (2, 'attempt_v1')")
        elif sys.argv[1] == "down":
            sql.execute(open("revert/attempt_v1.sql").read())
            sql.execute("delete from public.jdbc_history where at = 2")
        else:
            sql.execute("select revision from public.jdbc_history order by at desc limit 1")
            print(sql.fetchone()[0])
        """;
}
