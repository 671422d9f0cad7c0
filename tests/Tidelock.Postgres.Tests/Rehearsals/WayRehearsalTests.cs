using Tidelock.Postgres.Tests.Examples;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Rehearsals;

public sealed class WayRehearsalTests(PostgresServer server)
{
    private const string Scores = """
        create table public.results (id int primary key, name text not null, score numeric);
        create view public.scores as select score, id, name from public.results;
        comment on view public.scores is 'as they were';
        create view public.top_scores as select id, score from public.scores where score > 100;
        grant select on public.scores to public;
        """;

    private const string View = "migration:\n  view: { name: public.scores, definition: new.sql }\n";
    private const string New = "select id::bigint as id, name, score from public.results";
    private const string DownWithoutGrant = """
        drop view public.top_scores;
        drop view public.scores;
        create view public.scores as select score, id, name from public.results;
        comment on view public.scores is 'as they were';
        create view public.top_scores as select id, score from public.scores where score > 100;
        """;

    [Fact]
    public async Task The_example_goes_there_and_back_on_a_copy_and_the_target_is_untouched()
    {
        await using var bench = await RehearsalBench.AttemptAsync(server);
        await bench.Database.ExecuteAsync(AttemptViewExample.Read("generate.sql"));
        var (schema, catalog) = (await bench.Views.DumpAsync(), await bench.Views.CatalogAsync());

        var change = bench.Change(AttemptViewExample.Folder);
        var result = await bench.Rehearser.RehearseAsync(change, bench.Database.Target, CancellationToken.None);

        Assert.True(result.Problem is null, result.Problem?.ToString());
        Assert.Empty(result.Warnings);
        Assert.True(result.Recreates);
        Assert.NotNull(result.ForwardTook);
        Assert.NotNull(result.BackTook);
        Assert.Equal(3, result.Before!.Dependents.Count);
        Assert.Contains(
            result.Differences,
            d =>
                d
                    is {
                        Part: ClosurePart.Column,
                        What: "column attempt_no",
                        Before: "\"attempt_no\" bigint",
                        After: "\"attempt_no\" integer"
                    }
        );
        Assert.Equal(schema, await bench.Views.DumpAsync());
        Assert.Equal(catalog, await bench.Views.CatalogAsync());
    }

    [Fact]
    public async Task What_was_rehearsed_is_remembered_until_the_view_changes()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View).With("new.sql", New);
        var first = await bench.RehearseAsync();
        Assert.Null(first.Problem);
        Assert.Same(first, await bench.RehearseAsync());
        await bench.Database.ExecuteAsync("comment on view public.scores is 'another'");
        Assert.NotSame(first, await bench.RehearseAsync());
    }

    [Fact]
    public async Task A_down_file_that_does_not_bring_the_old_state_back_is_refused_with_what_is_lost()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench
            .Declaring(View + "  down: down.sql\nrollback: { method: downgrade }")
            .With("new.sql", New)
            .With("down.sql", DownWithoutGrant);
        var finding = await bench.EvaluateAsync();
        Assert.False(finding.Passed);
        Assert.Equal("rehearsals.not-back", finding.Finding.Code);
        Assert.Contains("SELECT to PUBLIC", finding.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_down_file_is_a_warning_where_another_way_back_is_chosen()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View + "  down: down.sql").With("new.sql", New).With("down.sql", DownWithoutGrant);
        var finding = await bench.EvaluateAsync();
        Assert.True(finding.Passed, finding.Finding.ToString());
        Assert.Equal("gates.rollback.warning", finding.Finding.Code);
        Assert.Contains("SELECT to PUBLIC", finding.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_down_file_that_leaves_a_table_behind_is_refused()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench
            .Declaring("migration: { sql: { up: up.sql, down: down.sql } }\n")
            .With("up.sql", "create table public.more (id int); alter table public.results add column rank int;")
            .With("down.sql", "alter table public.results drop column rank;");
        var finding = await bench.EvaluateAsync();
        Assert.False(finding.Passed);
        Assert.Contains("TABLE public.more", finding.Finding.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("results", finding.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_syntax_error_is_told_with_its_place_and_nothing_is_changed()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View).With("new.sql", "select id,\n  name from from public.results");
        var before = await bench.Views.CatalogAsync();
        var finding = await bench.EvaluateAsync();
        Assert.False(finding.Passed);
        Assert.Contains("new.sql:2:13", finding.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await bench.Views.CatalogAsync());
    }

    [Fact]
    public async Task Other_columns_than_the_contract_are_refused()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench
            .Declaring(
                View
                    + "contract:\n  relation: public.scores\n  columns: [{ name: id, type: bigint }, { name: name, type: text }]\n"
            )
            .With("new.sql", New);
        var finding = await bench.EvaluateAsync();
        Assert.False(finding.Passed);
        Assert.Equal("rehearsals.contract", finding.Finding.Code);
        Assert.Contains("score", finding.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_by_hand_that_loses_a_grant_of_a_dependent_is_refused()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            Scores + "grant select on public.top_scores to public;"
        );
        bench
            .Declaring(
                "migration: { sql: { up: up.sql } }\ncontract:\n  relation: public.scores\n  columns: [{ name: id, type: integer }, { name: score, type: numeric }]\n"
            )
            .With(
                "up.sql",
                """
                drop view public.top_scores; drop view public.scores;
                create view public.scores as select id, score from public.results;
                comment on view public.scores is 'as they were';
                grant select on public.scores to public;
                create view public.top_scores as select id, score from public.scores where score > 100;
                """
            );
        var finding = await bench.EvaluateAsync();
        Assert.False(finding.Passed);
        Assert.Equal("rehearsals.surprises", finding.Finding.Code);
        Assert.Contains("top_scores", finding.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_that_the_run_does_not_rehearse_is_no_way_back()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench
            .Declaring(View + "rollback: { method: backup }\ngates: { backup: { rehearse: false } }")
            .With("new.sql", New);
        Assert.Equal("gates.rollback.unproven-backup", (await bench.EvaluateAsync()).Finding.Code);
        bench.Declaring(View + "rollback: { method: backup }");
        Assert.Equal("gates.rollback.backup", (await bench.EvaluateAsync()).Finding.Code);
    }
}
