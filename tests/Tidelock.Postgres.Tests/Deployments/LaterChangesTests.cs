using Npgsql;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class LaterChangesTests(PostgresServer server)
{
    private const string Theirs = """
        grant select, insert on public.scores to pg_monitor;
        grant select (score) on public.top_scores to pg_monitor;
        comment on column public.scores.name is 'theirs';
        comment on column public.scores.rank is 'of the new column';
        revoke select on public.top_scores from public;
        create or replace view public.top_scores as select id, score from public.scores where score > 120;
        alter view public.top_scores set (security_barrier = true);
        create view public.added as select name from public.scores;
        grant select on public.added to pg_monitor;
        create view public.misfit as select rank from public.scores;
        grant select on public.misfit to pg_monitor;
        """;

    [Fact]
    public async Task An_automatic_rollback_keeps_what_others_did_since_and_names_what_does_not_fit_with_its_SQL()
    {
        await using var fixture = await RankedAsync();
        await FailAfterAsync(fixture, Theirs);
        var before = await fixture.CatalogAsync();

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        await IsKeptAsync(fixture);
        var reverted = Assert.Single(fixture.Events.OfType<MigrationReverted>());
        foreach (var words in new[] { TextCatalog.English, TextCatalog.Korean })
        {
            var told = words.Render(reverted.Finding);
            Assert.Contains("create view \"public\".\"misfit\" as\n SELECT", told, StringComparison.Ordinal);
            Assert.Contains(
                "grant select on table \"public\".\"misfit\" to \"pg_monitor\"",
                told,
                StringComparison.Ordinal
            );
            Assert.Contains("of the new column", told, StringComparison.Ordinal);
            Assert.Contains("INSERT, SELECT", told, StringComparison.Ordinal);
        }

        var verify = end.State!.Step("rollback.verify").Finding!;
        Assert.Equal("rollbacks.identical-but", verify.Code);
        Assert.Contains("misfit", await ReportAsync(fixture, end.Run!.Value), StringComparison.Ordinal);

        // Without what they did it is exactly what was there before.
        await fixture.Database.ExecuteAsync(
            """
            drop view public.added; revoke all on public.scores, public.top_scores from pg_monitor;
            alter view public.top_scores reset (security_barrier); grant select on public.top_scores to public;
            create or replace view public.top_scores as select id, score from public.scores where score > 100;
            comment on column public.scores.name is 'the name';
            """
        );
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task Whoever_goes_back_is_told_beforehand_and_the_way_keeps_the_same()
    {
        await using var fixture = await RankedAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await using var services = await fixture.OpenAsync();
        Assert.Null(await LookAsync(fixture, services, done.Run!.Value));

        await fixture.Database.ExecuteAsync(Theirs);
        var told = await LookAsync(fixture, services, done.Run.Value);
        Assert.Equal("rollbacks.later", told!.Code);
        Assert.Contains("grant to pg_monitor", told.ToString(), StringComparison.Ordinal);

        var back = await services.Deployment.RollBackAsync(
            done.Run.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        await IsKeptAsync(fixture);
    }

    [Fact]
    public async Task What_a_down_file_does_not_keep_is_named()
    {
        await using var fixture = await RankedAsync();
        var done = await fixture.DeployAsync();
        await fixture.Database.ExecuteAsync("grant select on public.scores to pg_monitor");

        var back = await DowngradeAsync(fixture, done);

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        var told = back.State!.Step("rollback.revert").Finding!.ToString();
        Assert.Contains("NOT KEPT", told, StringComparison.Ordinal);
        Assert.Contains("lost grant to pg_monitor by postgres: SELECT", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drop view public.top_scores", 0)]
    [InlineData("create or replace view public.top_scores as select id::bigint as id, score from public.results", 1)]
    public async Task What_others_dropped_or_let_read_something_else_is_left_so(string theirs, int left)
    {
        await using var fixture = await RankedAsync();
        await FailAfterAsync(fixture, theirs);

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal(
            Enumerable.Repeat("results", left),
            await fixture.Database.RowsAsync(
                "select distinct table_name::text from information_schema.view_table_usage where view_name = 'top_scores'"
            )
        );
        var reverted = Assert.Single(fixture.Events.OfType<MigrationReverted>());
        Assert.Equal("rollbacks.kept", reverted.Finding.Code);
        Assert.Contains("public.top_scores: the view is gone", reverted.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_down_file_that_makes_again_what_others_dropped_is_told_and_ends()
    {
        await using var fixture = await RankedAsync();
        await EditAsync(
            fixture,
            "down.sql",
            s =>
                s.Replace(
                    "drop view public.top_scores",
                    "drop view if exists public.top_scores",
                    StringComparison.Ordinal
                )
        );
        var done = await fixture.DeployAsync();
        await fixture.Database.ExecuteAsync("drop view public.top_scores");

        var back = await DowngradeAsync(fixture, done);

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        var told = Assert.Single(fixture.Events.OfType<MigrationReverted>()).Finding;
        Assert.Equal("rollbacks.not-kept", told.Code);
        Assert.Contains("public.top_scores: new view", told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_way_back_left_halfway_is_not_taken_for_the_work_of_others()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.ByStatementsAsync(
            "create or replace view public.scores as select score, id, name from public.results where id > 0",
            """
            drop view public.top_scores;
            drop view public.scores;
            create table public.breaker ();
            drop table public.breaker;
            create view public.scores as select score, id, name from public.results;
            comment on view public.scores is 'scores as they were';
            comment on column public.scores.name is 'the name';
            create view public.top_scores as select id, score from public.scores where score > 100;
            grant select on public.scores, public.top_scores to public;
            """,
            DeploymentFixture.Unrehearsed
        );
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await fixture.Database.ExecuteAsync(
            "grant select on public.scores, public.top_scores to pg_monitor; create table public.breaker (taken int)"
        );
        await using var services = await fixture.OpenAsync();

        var halfway = await BackAsync("downgrade");
        Assert.Equal(ExitCode.NeedsPerson, halfway.ExitCode);
        Assert.Empty(await fixture.Database.RowsAsync("select relname::text from pg_class where relname ~ 'scores$'"));
        var back = await BackAsync("definition");

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(
            ["scores", "top_scores"],
            await fixture.Database.RowsAsync(
                """
                select relname::text from pg_class
                where relname ~ 'scores$' and relacl::text like '%pg_monitor=r/%' and relacl::text like '%,=r/%' order by 1
                """
            )
        );

        Task<DeploymentEnd> BackAsync(string method) =>
            services.Deployment.RollBackAsync(done.Run!.Value, fixture.Request(), method, fixture.Terminal(), default);
    }

    [Fact]
    public async Task Somebody_who_holds_a_dependent_for_long_is_waited_for()
    {
        await using var fixture = await RankedAsync();
        await FailAfterAsync(fixture, "grant select on public.scores to pg_monitor", holds: true);
        await using var admin = await fixture.Database.ConnectAsync();
        fixture.OnProgress = p =>
        {
            if (p.Code == "rollbacks.later-unknown")
            {
                using var end = new NpgsqlCommand(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holder' and datname = current_database()",
                    admin
                );
                end.ExecuteNonQuery();
            }
        };

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Contains(fixture.Progress, p => p.Code == "rollbacks.later-unknown");
        Assert.Equal("rollbacks.kept", Assert.Single(fixture.Events.OfType<MigrationReverted>()).Finding.Code);
    }

    [Fact]
    public async Task A_policy_that_does_not_fit_what_was_there_before_keeps_the_way_back_from_opening_its_table()
    {
        await using var fixture = await RankedAsync();
        await FailAfterAsync(
            fixture,
            """
            alter table public.results enable row level security;
            create policy fence on public.results as restrictive
                using (exists (select from public.scores s where s.rank > 0));
            """
        );

        var end = await fixture.DeployAsync();

        Assert.Equal(ExitCode.NeedsPerson, end.ExitCode);
        Assert.Contains("policy fence on public.results", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(1L, await fixture.Database.ScalarAsync<long>("select count(*) from pg_policy"));
    }

    [Theory]
    [InlineData("sql: { up: up.sql, down: down.sql }")]
    [InlineData("sql: { up: up.sql, down: down.sql, transaction: none }")]
    public async Task SQL_by_hand_is_refused_where_somebody_changed_the_relation_since_the_baseline(string migration)
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "up.sql"),
            "create or replace view public.scores as select score, id, name from public.results where id > 0"
        );
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "change.yaml"),
            $$"""
            change: scores
            migration:
              {{migration}}
            contract:
              relation: public.scores
              columns: [{ name: score, type: numeric }, { name: id, type: integer }, { name: name, type: text }]
            watch: { for: 300ms, every: 100ms }
            environments:
              production: { database: "${DATABASE_URL}" }

            """ + DeploymentFixture.Unrehearsed
        );
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());

        // As a program that was killed right behind the baseline has left it.
        await fixture.Database.ExecuteAsync(
            "create or replace view public.scores as select score, id, name from public.results"
        );
        var baseline = fixture.Events.ToList().FindIndex(e => e is StepEnded { Step: "baseline" });
        var run = await fixture.JournalAsync(fixture.Events.Take(baseline + 1).ToList());
        await fixture.Database.ExecuteAsync("grant select on public.top_scores to pg_monitor");
        var theirs = await fixture.CatalogAsync();
        await using var services = await fixture.OpenAsync();

        var end = await services.Deployment.ResumeAsync(run, fixture.Request(), false, fixture.Terminal(), default);

        Assert.Equal(ExitCode.Refused, end.ExitCode);
        Assert.Equal("migrations.changed-meanwhile", end.State!.Step("migrate").Finding!.Code);
        Assert.Contains("public.top_scores: new grant to pg_monitor", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(theirs, await fixture.CatalogAsync());
    }

    /// <summary>The change of the fixture, with one column more.</summary>
    private async Task<DeploymentFixture> RankedAsync()
    {
        var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await EditAsync(
            fixture,
            "change.yaml",
            y =>
                y.Replace(
                    "    - { name: score, type: numeric }\n",
                    "    - { name: score, type: numeric }\n    - { name: rank, type: bigint }\n",
                    StringComparison.Ordinal
                )
        );
        await EditAsync(
            fixture,
            "new.sql",
            s => s.Replace(" from", ", rank() over (order by score) as rank from", StringComparison.Ordinal)
        );
        return fixture;
    }

    /// <summary>
    /// Behind the step verify somebody runs SQL, and then the step application fails; he may hold a dependent from then on, as the session holder.
    /// </summary>
    private static async Task FailAfterAsync(DeploymentFixture fixture, string sql, bool holds = false)
    {
        var psql = Path.Combine(fixture.Database.Cluster.Programs.Folder, "psql");
        var script = Path.Combine(fixture.ChangeFolder, "somebody.sh");
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "theirs.sql"), sql);
        var run = $"{psql} -X -q -v ON_ERROR_STOP=1 -d '{fixture.Database.Uri}'";
        var hold =
            $"PGAPPNAME=holder {run} -c 'begin; lock table public.top_scores in access exclusive mode; select pg_sleep(300)' >/dev/null 2>&1 &";
        const string IsHeld =
            "select 1 / count(*) from pg_locks where granted and mode = 'AccessExclusiveLock' and relation = 'public.top_scores'::regclass";
        var wait =
            $"tries=0; until {run} -c \"{IsHeld}\" >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 500 ] || exit 7; done";
        await File.WriteAllTextAsync(
            script,
            $"{run} -f theirs.sql || exit 7\n{(holds ? $"{hold}\n{wait}\n" : "")}exit 1\n"
        );
        await EditAsync(
            fixture,
            "change.yaml",
            y =>
                y.Replace(
                    "watch:",
                    $"application:\n  - {{ name: somebody else, command: [sh, {script}] }}\nwatch:",
                    StringComparison.Ordinal
                )
        );
    }

    private static async Task EditAsync(DeploymentFixture fixture, string file, Func<string, string> edit)
    {
        var path = Path.Combine(fixture.ChangeFolder, file);
        await File.WriteAllTextAsync(path, edit(await File.ReadAllTextAsync(path)));
    }

    private static async Task IsKeptAsync(DeploymentFixture fixture)
    {
        Assert.Equal(
            [
                "added {postgres=arwdDxt/postgres,pg_monitor=r/postgres}",
                "scores {postgres=arwdDxt/postgres,=r/postgres,pg_monitor=ar/postgres}",
                "top_scores {postgres=arwdDxt/postgres}",
            ],
            await fixture.Database.RowsAsync(
                "select relname || ' ' || relacl::text from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace order by 1"
            )
        );
        Assert.Equal(
            ["{pg_monitor=r/postgres}|{security_barrier=true}|t|theirs|score,id,name"],
            await fixture.Database.RowsAsync(
                """
                select concat_ws('|', a.attacl, c.reloptions, pg_get_viewdef(c.oid) like '%120%', col_description('scores'::regclass, 3),
                    (select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = 'scores'::regclass))
                from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'score' where c.oid = 'top_scores'::regclass
                """
            )
        );
    }

    private static async Task<Message?> LookAsync(DeploymentFixture fixture, TidelockServices services, RunId run)
    {
        var request = fixture.Request();
        var state = await RunReader.StateAsync(services.Journal, run, default);
        var context = new StepContext(
            "rollback.revert",
            run,
            request.Change,
            request.TargetEnvironment,
            request.Target,
            TimeProvider.System,
            new Looking(state),
            fixture
        );
        return await RunLater.LookAsync(context, default);
    }

    private static async Task<string> ReportAsync(DeploymentFixture fixture, RunId run)
    {
        await using var services = await fixture.OpenAsync();
        var entries = new List<JournalEntry>();
        await foreach (var entry in services.Journal.ReadAsync(run.Value, 0, default))
        {
            entries.Add(entry);
        }

        return ReportRenderer.Markdown(RunReport.Of(entries, TimeProvider.System.GetUtcNow()), TextCatalog.English);
    }

    private sealed class Looking(RunState state) : IRunWriter
    {
        public RunState State => state;

        public Task AppendAsync(RunEvent e, CancellationToken cancellation) => throw new NotSupportedException();
    }

    private static async Task<DeploymentEnd> DowngradeAsync(DeploymentFixture fixture, DeploymentEnd done)
    {
        await using var services = await fixture.OpenAsync();
        return await services.Deployment.RollBackAsync(
            done.Run!.Value,
            fixture.Request(),
            "downgrade",
            fixture.Terminal(),
            default
        );
    }
}
