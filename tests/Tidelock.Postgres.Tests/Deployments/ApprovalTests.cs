using Npgsql;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Tests.Signatures;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class ApprovalTests(PostgresServer server)
{
    private const string One = "gates: { approval: { required: 1 } }\n";
    private const string Dependent = "create view public.low_scores as select id from public.scores where score < 10";

    [Fact]
    public async Task An_approval_counts_no_more_once_somebody_changed_what_the_plan_had_shown()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await using var services = await fixture.OpenAsync();
        Assert.Null(await ApproveAsync(services, fixture));
        await services.Deployment.PlanAsync(fixture.Request(), default);
        await ApproveAsync(services, fixture);
        Assert.True((await StandingAsync(services, fixture)).Passed);

        await fixture.Database.ExecuteAsync(
            Dependent + "; revoke select on public.top_scores from public; comment on view public.scores is 'other'"
        );
        var outdated = await StandingAsync(services, fixture);
        Assert.True(outdated.Refuses);
        Assert.Contains("public.low_scores", outdated.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("public.top_scores", outdated.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("tidelock plan", TextCatalog.Korean.Render(outdated.Finding), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, (await fixture.DeployAsync()).ExitCode);

        await ApproveAsync(services, fixture);
        Assert.False((await StandingAsync(services, fixture)).Passed);
        await services.Deployment.PlanAsync(fixture.Request(), default);
        Assert.False((await StandingAsync(services, fixture)).Passed);
        await ApproveAsync(services, fixture);
        Assert.True((await StandingAsync(services, fixture)).Passed);
    }

    [Fact]
    public async Task Of_a_change_about_no_relation_it_is_of_what_the_rehearsal_foresaw()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        await File.WriteAllTextAsync(
            file,
            """
            change: scores
            migration: { sql: { up: up.sql, down: back.sql } }
            rollback: { method: downgrade }
            gates: { approval: { required: 1 }, backup: off }
            watch: { for: 1s, every: 200ms }
            environments: { production: { database: "${DATABASE_URL}" } }
            """
        );
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "up.sql"),
            "alter table public.results add column note text;"
        );
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "back.sql"),
            "alter table public.results drop column note;"
        );
        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), default);
        Assert.Contains("there: locks public.results in ACCESS EXCLUSIVE", plan.Foreseen!);
        await ApproveAsync(services, fixture);
        await services.Deployment.PlanAsync(fixture.Request(), default);
        Assert.True((await StandingAsync(services, fixture)).Passed);

        await fixture.Database.ExecuteAsync("create table public.more_results () inherits (public.results)");
        var again = await services.Deployment.PlanAsync(fixture.Request(), default);
        var outdated = again.Gates.Single(g => g.Name == "approval");
        Assert.True(outdated.Refuses);
        Assert.Contains(
            "locks public.more_results in ACCESS EXCLUSIVE",
            outdated.Finding.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task It_outlives_a_run_that_was_taken_back_and_what_says_the_same_in_other_words()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await using var services = await fixture.OpenAsync();
        const string Text = "select pg_get_viewdef('public.some')";
        await fixture.Database.ExecuteAsync(
            "create view public.some as select id from public.scores where name::varchar in ('n1', 'n2')"
        );
        await services.Deployment.PlanAsync(fixture.Request(), default);
        await ApproveAsync(services, fixture);
        var text = await fixture.Database.ScalarAsync<string>(Text);
        await fixture.Database.ExecuteAsync($"drop view public.some; create view public.some as {text}");
        Assert.NotEqual(text, await fixture.Database.ScalarAsync<string>(Text));

        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal("lee", end.State!.Gates["approval"].By);
        await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );

        var standing = await StandingAsync(services, fixture);
        Assert.True(standing.Passed, standing.Finding.ToString());
    }

    [Fact]
    public async Task Somebodys_temporary_view_neither_outdates_it_nor_does_its_end()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await using var services = await fixture.OpenAsync();
        await using var somebody = await LookingOnAsync(fixture, "at_the_plan");
        await services.Deployment.PlanAsync(fixture.Request(), default);
        var shown = await ApproveAsync(services, fixture);
        Assert.Contains("at_the_plan", shown!.Seen.ToString(), StringComparison.Ordinal);

        await using var another = await LookingOnAsync(fixture, "after_the_plan");
        var beside = await StandingAsync(services, fixture);
        Assert.True(beside.Passed, beside.Finding.ToString());

        await using var end = new NpgsqlCommand("discard temp", somebody);
        await end.ExecuteNonQueryAsync();
        var since = await StandingAsync(services, fixture);
        Assert.True(since.Passed, since.Finding.ToString());
    }

    [Fact]
    public async Task A_word_of_which_it_is_not_kept_what_was_shown_is_no_approval()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await using var services = await fixture.OpenAsync();
        await ApproveAsync(services, fixture);

        var standing = await StandingAsync(services, fixture);

        Assert.True(standing.Refuses);
        Assert.Contains("lee", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("tidelock plan", standing.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_changed_between_the_start_and_the_baseline_refuses_the_change_too()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await using var services = await fixture.OpenAsync();
        await services.Deployment.PlanAsync(fixture.Request(), default);
        await ApproveAsync(services, fixture);

        var meddler = new Meddler(() => fixture.Database.ExecuteAsync(Dependent));
        var terminal = new DeploymentTerminal(meddler, fixture, fixture.Requests);
        var end = await services.Deployment.StartAsync(fixture.Request(), terminal, default);

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        Assert.Equal(StepStatus.Pending, end.State!.Step("migrate").Status);
        Assert.Contains("public.low_scores", end.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_withdrawn_between_the_start_and_the_baseline_refuses_the_change_too()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await using var services = await fixture.OpenAsync();
        await services.Deployment.PlanAsync(fixture.Request(), default);
        await ApproveAsync(services, fixture);
        var words = services.Deployment.Words(fixture.Request());
        var withdrawn = new Word(WordKind.Withdrawn, "approval", "lee", "", TimeProvider.System.GetUtcNow(), "host");

        var meddler = new Meddler(() => words.AddAsync(withdrawn, default));
        var terminal = new DeploymentTerminal(meddler, fixture, fixture.Requests);
        var end = await services.Deployment.StartAsync(fixture.Request(), terminal, default);

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        Assert.Equal(StepStatus.Pending, end.State!.Step("migrate").Status);
        Assert.Equal("gates.approval.missing", end.State.Step("baseline").Finding?.Code);
    }

    [Fact]
    public async Task A_key_that_is_revoked_between_the_start_and_the_baseline_refuses_the_change_too()
    {
        using var keys = new SshKeys();
        await keys.AllowAsync("lee");
        await File.WriteAllTextAsync(keys.Revoked, "");
        await using var fixture = await DeploymentFixture.CreateAsync(server, One);
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "tidelock.yaml"),
            $$"""
            environments:
              production: { gates: { approval: required }, approvals: { signers: {{keys.Signers}}, revoked: {{keys.Revoked}} } }
            """
        );
        await using var services = await fixture.OpenAsync();
        await services.Deployment.PlanAsync(fixture.Request(), default);
        await ApproveAsync(services, fixture);
        Assert.Contains(
            "not signed",
            (await StandingAsync(services, fixture)).Finding.ToString(),
            StringComparison.Ordinal
        );
        await ApproveAsync(services, fixture, await keys.KeyAsync("lee"));
        var standing = await StandingAsync(services, fixture);
        Assert.True(standing.Passed, standing.Finding.ToString());

        var meddler = new Meddler(() => keys.RevokeAsync("lee"));
        var terminal = new DeploymentTerminal(meddler, fixture, fixture.Requests);
        var end = await services.Deployment.StartAsync(fixture.Request(), terminal, default);

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        Assert.Equal(StepStatus.Pending, end.State!.Step("migrate").Status);
        Assert.Contains("revoked", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("tidelock.yaml", end.State.Started!.Policy!.File, StringComparison.Ordinal);
    }

    /// <summary>A session with a view, and a function that reads it, of its own on the relation, which go when it ends.</summary>
    private static async Task<NpgsqlConnection> LookingOnAsync(DeploymentFixture fixture, string name)
    {
        var target = new NpgsqlConnectionStringBuilder(fixture.Database.Target.NpgsqlConnectionString("test"))
        {
            Pooling = false,
        };
        var connection = new NpgsqlConnection(target.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"""
            create temp view {name} as select id from public.scores;
            create function pg_temp.count_{name}() returns bigint language sql return (select count(*) from {name});
            """,
            connection
        );
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>What <c>tidelock approve</c> writes; the answer is the plan that it is of.</summary>
    private static async Task<Word?> ApproveAsync(
        TidelockServices services,
        DeploymentFixture fixture,
        string? key = null
    )
    {
        var words = services.Deployment.Words(fixture.Request());
        var shown = await ShownRelation.LastAsync(words, default);
        var word = new Word(WordKind.Confirmed, "approval", "lee", "", TimeProvider.System.GetUtcNow(), "host");
        var change = fixture.Request().Change;
        word = word.BoundTo(shown, change);
        await words.AddAsync(key is null ? word : await word.SignAsync(change, "production", key, default), default);
        return shown;
    }

    private static async Task<GateStanding> StandingAsync(TidelockServices services, DeploymentFixture fixture)
    {
        var gates = await services.Deployment.ChecklistAsync(fixture.Request(), default);
        return gates.Single(g => g.Name == "approval");
    }

    /// <summary>Does something as soon as the run looks at the view.</summary>
    private sealed class Meddler(Func<Task> act) : IRunObserver
    {
        public void Happened(RunEvent e, RunState state)
        {
            if (e is StepStarted { Step: "baseline" })
            {
                Task.Run(act).GetAwaiter().GetResult();
            }
        }

        public void Progressed(string step, Message progress) { }

        public void Warned(Message warning) { }
    }
}
