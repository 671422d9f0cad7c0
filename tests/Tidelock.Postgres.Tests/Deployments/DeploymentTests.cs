using Npgsql;
using Tidelock.Evidence;
using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class DeploymentTests(PostgresServer server)
{
    [Fact]
    public async Task A_view_is_deployed_through_all_steps_and_taken_back_exactly()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        var before = await fixture.CatalogAsync();

        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(
            ["prerequisites", "backup", "baseline", "migrate", "verify", "smoke", "application", "watch", "complete"],
            end.State!.Steps.Select(s => s.Name)
        );
        Assert.True(RehearsedWay.BackBy("definition", end.State) > TimeSpan.Zero);
        Assert.NotEqual(before, await fixture.CatalogAsync());
        Assert.Equal("N1", await fixture.Database.ScalarAsync<string>("select name from public.scores where id = 1"));

        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Theory]
    [InlineData("downgrade")]
    [InlineData("backup")]
    [InlineData("in-place")]
    public async Task Every_method_leads_back_to_what_was_there(string method)
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var before = await fixture.CatalogAsync();
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            method,
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Theory]
    [InlineData("drop view public.top_scores", "public.top_scores")]
    [InlineData(
        "alter view public.scores rename column score to points; revoke select on public.top_scores from public",
        "column score"
    )]
    [InlineData(
        "create or replace view public.scores as select id::bigint, name, score from public.results",
        "definition"
    )]
    public async Task What_somebody_takes_away_after_it_was_verified_is_not_declared_complete(string sql, string what)
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        var start = yaml.IndexOf("contract:", StringComparison.Ordinal);
        var script = Path.Combine(fixture.ChangeFolder, "somebody.sh");
        var psql = Path.Combine(fixture.Database.Cluster.Programs.Folder, "psql");
        await File.WriteAllTextAsync(
            script,
            $"exec {psql} -X -v ON_ERROR_STOP=1 -d '{fixture.Database.Uri}' -c '{sql}'"
        );
        await File.WriteAllTextAsync(
            file,
            $"""
            {yaml[..start]}
            application:
              - name: somebody else
                command: [sh, {script}]
            {yaml[yaml.IndexOf("watch:", StringComparison.Ordinal)..]}
            """
        );

        var end = await fixture.DeployAsync();

        Assert.Equal(ExitCode.NeedsPerson, end.ExitCode);
        Assert.Equal("rollbacks.not-as-verified", end.State!.Step("complete").Finding!.Code);
        Assert.Contains(what, end.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ending_a_session_in_the_way_is_journaled_before_and_after_and_stands_in_the_report()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        const string acts = "  locks: { blockers: { act: terminate, after: 1s, applications: [metabase] } }\n";
        await File.WriteAllTextAsync(
            file,
            yaml.Replace("  down: down.sql\n", "  down: down.sql\n" + acts, StringComparison.Ordinal)
        );
        await fixture.Database.ExecuteAsync(
            $"create role \"{fixture.Database.Name}\" login; grant select on results to public"
        );
        await using var reader = await fixture.Database.ConnectAsync(fixture.Database.Name);
        await new NpgsqlCommand(
            "set application_name = 'metabase'; begin; select count(*) from top_scores",
            reader
        ).ExecuteNonQueryAsync();

        var pid = reader.ProcessID;
        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var acted = fixture.Events.OfType<BlockerActed>().ToList();
        Assert.Equal([false, true], acted.Select(a => a.IsDone));
        Assert.All(acted, a => Assert.Equal(("migrate", pid), (a.Step, a.ProcessId)));
        var report = RunReport.Of(await EntriesAsync(fixture, end.Run!.Value), TimeProvider.System.GetUtcNow());
        var blocker = Assert.Single(report.Blockers);
        Assert.Equal(("terminate", pid, true), (blocker.Act, blocker.ProcessId, blocker.Outcome is not null));
        Assert.Contains($"{pid}", ReportRenderer.Markdown(report, TextCatalog.Korean), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PgBouncer_is_told_to_reconnect_where_prepared_statements_fail_now()
    {
        await using var pooler = await PgBouncer.StartAsync(server.Cluster, "transaction");
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await ThroughAsync(fixture, pooler.Port);
        var target = pooler.Target(fixture.Database.Name);
        await using var client = await PostgresSession.ConnectAsync(target, "client", default);
        await using var pid = new NpgsqlCommand("select pg_backend_pid()", client);
        var before = await pid.ExecuteScalarAsync();

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var finding = end.State!.Step("migrate").Finding!.ToString();
        Assert.Contains("0A000", finding, StringComparison.Ordinal);
        Assert.Contains("was told to RECONNECT", finding, StringComparison.Ordinal);
        Assert.NotEqual(before, await pid.ExecuteScalarAsync());

        await using var services = await fixture.OpenAsync();
        before = await pid.ExecuteScalarAsync();
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        finding = back.State!.Step("rollback.revert").Finding!.ToString();
        Assert.Contains("0A000", finding, StringComparison.Ordinal);
        Assert.Contains("was told to RECONNECT", finding, StringComparison.Ordinal);
        Assert.NotEqual(before, await pid.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_pgbouncer_that_went_away_before_it_was_told_to_reconnect_holds_up_neither_a_resume_nor_the_way_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var before = await fixture.CatalogAsync();
        RunId run;
        await using (var pooler = await PgBouncer.StartAsync(server.Cluster, "transaction"))
        {
            await ThroughAsync(fixture, pooler.Port);
            var done = await fixture.DeployAsync();
            Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

            // As a program that was killed right behind its commit has left it.
            var applied = fixture.Events.ToList().FindIndex(e => e is MigrationApplied);
            run = await fixture.JournalAsync(fixture.Events.Take(applied + 1).ToList());
        }

        await using var services = await fixture.OpenAsync();
        var end = await services.Deployment.ResumeAsync(run, fixture.Request(), false, fixture.Terminal(), default);

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var migrate = end.State!.Step("migrate");
        Assert.Equal(2, migrate.Attempts);
        Assert.Contains("does not answer", migrate.Finding!.ToString(), StringComparison.Ordinal);
        var back = await services.Deployment.RollBackAsync(
            run,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        var revert = back.State!.Step("rollback.revert").Finding!.ToString();
        Assert.Contains("does not answer", revert, StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_pgbouncer_that_does_not_answer_stops_the_run_before_anything_is_changed()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var catalog = await fixture.CatalogAsync();
        await ThroughAsync(fixture, 1);

        var end = await fixture.DeployAsync();

        Assert.Equal("postgres.pgbouncer.unanswered", end.State!.Step("migrate").Finding!.Code);
        Assert.Equal(catalog, await fixture.CatalogAsync());
    }

    private static async Task ThroughAsync(DeploymentFixture fixture, int port)
    {
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace(
                "database: \"${DATABASE_URL}\"",
                $"database: \"${{DATABASE_URL}}\", pgbouncer: \"host=127.0.0.1 port={port} user=postgres\"",
                StringComparison.Ordinal
            )
        );
    }

    private static async Task<IReadOnlyList<JournalEntry>> EntriesAsync(DeploymentFixture fixture, RunId run)
    {
        await using var services = await fixture.OpenAsync();
        var entries = new List<JournalEntry>();
        await foreach (var entry in services.Journal.ReadAsync(run.Value, 0, default))
        {
            entries.Add(entry);
        }

        return entries;
    }

    [Fact]
    public async Task A_run_that_has_ended_stands_in_nobodys_way_whatever_was_written_after_its_end()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var first = await fixture.DeployAsync();
        Assert.Equal(ExitCode.Done, first.ExitCode);
        await using (var services = await fixture.OpenAsync())
        {
            var last = (await EntriesAsync(fixture, first.Run!.Value))[^1];
            var tick = new WatchTicked(false, [], []) { At = RunEvents.Parse(last).At };
            var entry = JournalEntry.Next(
                first.Run!.Value.Value,
                last,
                "late",
                nameof(WatchTicked),
                RunEvents.Format(tick)
            );
            Assert.Equal(AppendResult.Stored, await services.Journal.AppendAsync(entry, null, default));
        }

        var second = await fixture.DeployAsync();
        Assert.True(second.ExitCode is not ExitCode.AnotherRun, second.Finding.ToString());
        Assert.NotNull(second.Run);
        Assert.NotEqual(first.Run, second.Run);
    }

    [Fact]
    public async Task While_a_run_is_active_a_second_one_is_refused_and_told_which()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await using var held = (
            await RunLock.TryTakeAsync(fixture.Request().Target, "tidelock/OTHER/1", default)
        ).Lock!;
        var end = await fixture.DeployAsync();
        Assert.Equal(ExitCode.AnotherRun, end.ExitCode);
        Assert.Contains("tidelock/OTHER/1", end.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_required_gate_that_does_not_hold_refuses_the_start_and_a_named_word_opens_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, "gates: { approval: { required: 1 } }\n");
        Assert.Equal(ExitCode.Refused, (await fixture.DeployAsync()).ExitCode);
        await using (var services = await fixture.OpenAsync())
        {
            Assert.Empty(await services.Journal.ListAsync(default));
            await services.Deployment.PlanAsync(fixture.Request(), default);
            var words = services.Deployment.Words(fixture.Request());
            var shown = await ShownRelation.LastAsync(words, default);
            var word = new Word(
                WordKind.Confirmed,
                "approval",
                "lee",
                "looks right",
                TimeProvider.System.GetUtcNow(),
                "host"
            );
            await words.AddAsync(word.BoundTo(shown, fixture.Request().Change), default);
        }

        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal("lee", end.State!.Gates["approval"].By);
    }
}
