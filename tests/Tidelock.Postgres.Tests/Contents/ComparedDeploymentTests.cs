using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Contents;

public sealed class ComparedDeploymentTests(PostgresServer server)
{
    private const string Allowed = "compare: { key: [id], expect: { name: changed } }\n";

    [Fact]
    public async Task A_change_of_content_that_is_declared_is_deployed_and_its_numbers_are_in_the_journal()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Allowed + DeploymentFixture.Unrehearsed);
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());

        var before = Found(end.State!, "baseline");
        Assert.Equal(new ContentExample("(1)", "n1", "N1"), before.Columns[0].Example);
        Assert.Equal(
            [("name", ContentStanding.Changed, 100L), ("score", ContentStanding.Same, (long?)null)],
            before.Columns.Select(c => (c.Name, c.Standing, c.Rows))
        );
        Assert.True(Found(end.State!, "verify").AsDeclared);
        Assert.Equal("steps.verify.holds-compared", end.State!.Step("verify").Finding!.Code);
    }

    [Fact]
    public async Task A_change_of_content_that_is_not_declared_is_refused_before_anything_is_changed()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            "compare: { key: [id] }\n" + DeploymentFixture.Unrehearsed
        );
        var before = await fixture.CatalogAsync();
        var end = await fixture.DeployAsync();
        Assert.Equal(ExitCode.Refused, end.ExitCode);
        Assert.Equal("contracts.compare.differs", end.State!.Step("baseline").Finding!.Code);
        Assert.Contains("name ×100 (1): n1 → N1", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(StepStatus.Pending, end.State.Step("migrate").Status);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Theory]
    [InlineData(
        "compare: { key: [score], expect: { name: changed } }\n",
        "update results set score = 1",
        "key-doubles"
    )]
    [InlineData(
        "compare: { key: [score], expect: { name: changed } }\n",
        "update results set score = null where id = 1",
        "key-null"
    )]
    [InlineData(Allowed, "drop view top_scores, scores", "absent")]
    public async Task What_cannot_be_compared_is_refused_before_anything_is_changed(
        string compare,
        string sql,
        string code
    )
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, compare + DeploymentFixture.Unrehearsed);
        await fixture.Database.ExecuteAsync(sql);
        var before = await fixture.CatalogAsync();
        var end = await fixture.DeployAsync();
        Assert.Equal(ExitCode.Refused, end.ExitCode);
        var finding = end.State!.Step("baseline").Finding!;
        Assert.Equal($"contracts.compare.{code}", (finding.Parts?["problem"] ?? finding).Code);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_column_that_is_new_is_evaluated_although_there_is_nothing_to_compare_it_with()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Allowed);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace(
                "    - { name: score, type: numeric }\n",
                "    - { name: score, type: numeric }\n    - { name: broken, type: integer }\n",
                StringComparison.Ordinal
            ) + "gates: { backup: { proof: verified } }\n"
        );
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "new.sql"),
            "select id::bigint as id, upper(name) as name, score, name::int as broken from public.results"
        );
        var before = await fixture.CatalogAsync();

        var end = await fixture.DeployAsync();

        Assert.Equal(ExitCode.Refused, end.ExitCode);
        Assert.Equal(StepStatus.Pending, end.State!.Step("migrate").Status);
        Assert.Contains(
            Found(end.State!, "baseline").Columns,
            c => c is { Name: "broken", Standing: ContentStanding.Added }
        );
        Assert.Contains("22P02", end.Finding.ToString(), StringComparison.Ordinal);
        var candidate = end.State.Fact("baseline", CandidateFindings.Fact);
        Assert.Contains("contracts.content.failed", candidate!.Value.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task Sql_by_hand_that_changes_more_than_it_declares_is_found_afterwards_and_goes_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Allowed);
        await WriteSqlAsync(
            fixture,
            "create or replace view public.scores as select score + (id = 7)::int as score, id, upper(name) as name from public.results"
        );
        var before = await fixture.CatalogAsync();
        var end = await fixture.DeployAsync();
        Assert.Equal(ExitCode.RolledBack, end.ExitCode);
        var finding = end.State!.Step("verify").Finding!.ToString();
        Assert.Contains("score ×1 (7): 10.5 → 11.5", finding, StringComparison.Ordinal);
        Assert.DoesNotContain("name", finding, StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task An_old_definition_that_no_longer_runs_after_the_change_has_not_passed()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Allowed);
        await WriteSqlAsync(
            fixture,
            """
            drop view public.top_scores, public.scores;
            alter table public.results rename column score to points;
            create view public.scores as select points as score, id, upper(name) as name from public.results;
            create view public.top_scores as select id, score from public.scores where score > 100;
            grant select on public.scores, public.top_scores to public;
            comment on view public.scores is 'scores as they were';
            comment on column public.scores.name is 'the name';
            """,
            """
            drop view public.top_scores, public.scores;
            alter table public.results rename column points to score;
            create view public.scores as select score, id, name from public.results;
            create view public.top_scores as select id, score from public.scores where score > 100;
            grant select on public.scores, public.top_scores to public;
            comment on view public.scores is 'scores as they were';
            comment on column public.scores.name is 'the name';
            """
        );
        var before = await fixture.CatalogAsync();
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal("contracts.compare.unknown", end.State!.Step("verify").Finding!.Code);
    }

    [Theory]
    [InlineData("compare: { key: [id], expect: { name: changed }, temporary: 1MB }\n", "too-much-temporary")]
    [InlineData(Allowed, "consent")]
    public async Task Sql_by_hand_is_not_compared_where_that_was_not_allowed_and_refused_before_the_change(
        string compare,
        string code
    )
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Allowed);
        var old =
            code == "consent"
                ? "create or replace view public.scores as select score, id, name from public.results where random() >= 0"
                : "create or replace view public.scores as select score, id, max(name) as name from (select r.* from public.results r, generate_series(1, 2000) g order by g, name) r group by 1, 2";
        await fixture.Database.ExecuteAsync(old);
        await WriteSqlAsync(
            fixture,
            "create or replace view public.scores as select score, id, upper(name) as name from public.results",
            old,
            compare
        );

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        var finding = end.State!.Step("baseline").Finding!;
        Assert.Equal($"contracts.compare.{code}", (finding.Parts?["problem"] ?? finding).Code);
        Assert.Equal(StepStatus.Pending, end.State.Step("migrate").Status);
    }

    [Fact]
    public async Task A_function_that_the_change_itself_brings_in_is_not_called_by_the_comparison()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Allowed);
        await WriteSqlAsync(
            fixture,
            "create or replace view public.scores as select score, id, upper(name) as name from public.results where random() >= 0",
            "create or replace view public.scores as select score, id, name from public.results"
        );

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        var finding = end.State!.Step("verify").Finding!;
        Assert.Equal("contracts.compare.consent", finding.Parts?["problem"].Code);
    }

    [Theory]
    [InlineData(Allowed, true, "contracts.compare.declared")]
    [InlineData("compare: { key: [id] }\n", false, "contracts.compare.differs")]
    [InlineData("", true, null)]
    public async Task A_plan_compares_on_the_target_and_is_not_ready_where_more_differs(
        string compare,
        bool ready,
        string? code
    )
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, compare);
        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), CancellationToken.None);
        plan = await services.Deployment.ComparedAsync(fixture.Request(), plan, CancellationToken.None);
        Assert.Equal(ready, plan.Ready);
        Assert.Equal(code, plan.Content.Count == 0 ? null : plan.Content[0].Code);
    }

    private static ContentFindings Found(RunState state, string step) =>
        System.Text.Json.JsonSerializer.Deserialize(
            state.Fact(step, ContentFindings.Fact)!.Value,
            ContractsJson.Default.ContentFindings
        )!;

    /// <summary>The same change as SQL of the author's own; the contract's columns in the old order.</summary>
    private static async Task WriteSqlAsync(
        DeploymentFixture fixture,
        string up,
        string? down = null,
        string compare = Allowed
    )
    {
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "up.sql"), up);
        if (down is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "down.sql"), down);
        }

        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "change.yaml"),
            """
            change: scores
            migration: { sql: { up: up.sql, down: down.sql } }
            contract:
              relation: public.scores
              columns:
                - { name: score, type: numeric }
                - { name: id, type: integer, notNull: true }
                - { name: name, type: text, notNull: true }
              unique: [[id]]
            watch: { for: 1s, every: 200ms }
            environments:
              production: { database: "${DATABASE_URL}" }

            """
                + compare
                + DeploymentFixture.Unrehearsed
        );
    }
}
