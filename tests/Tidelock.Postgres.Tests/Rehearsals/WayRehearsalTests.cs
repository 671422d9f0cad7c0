using Npgsql;
using Tidelock.Gates;
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
    public async Task Each_command_there_and_back_is_told_with_the_locks_it_adds()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View).With("new.sql", New);

        var result = await bench.RehearseAsync();

        Assert.Null(result.Problem);
        var (scores, top) = (new RelationName("public", "scores"), new RelationName("public", "top_scores"));
        foreach (var way in new[] { result.Statements, result.BackStatements })
        {
            Assert.Equal(
                ["DROP VIEW", "DROP VIEW", "CREATE VIEW"],
                way.Select(s => s.Command).Where(c => c is "DROP VIEW" or "CREATE VIEW").Take(3)
            );
            Assert.Equal(
                [scores, top],
                way.SelectMany(s => s.Locks)
                    .Where(l => l.Mode == "ACCESS EXCLUSIVE")
                    .Select(l => l.Relation)
                    .Order(Comparer<RelationName>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name)))
            );
            Assert.All(way, s => Assert.Empty(s.TakenAlong));
        }

        var made = result.Statements.First(s => s.Command == "CREATE VIEW");
        Assert.Equal(["public.scores"], made.Objects);
        Assert.Contains(New, made.Text, StringComparison.Ordinal);
        Assert.Contains(result.Statements, s => s.Text.StartsWith("GRANT SELECT", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_materialized_view_goes_there_and_back_and_what_its_data_will_be_is_said()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            """
            create table public.results (id int primary key, name text not null, score numeric);
            create materialized view public.scores as select score, id, name from public.results;
            create unique index scores_key on public.scores (id)
            """
        );
        bench.Declaring(View).With("new.sql", New);

        var result = await bench.RehearseAsync();

        Assert.Null(result.Problem);
        Assert.Equal("rehearsals.filled-anew", Assert.Single(result.Warnings).Code);
        Assert.NotNull(result.BackTook);
        Assert.Contains(result.Differences, d => d is { What: "column id", After: "\"id\" bigint" });
        Assert.Contains(result.Statements, s => s.Command == "REFRESH MATERIALIZED VIEW");
    }

    [Fact]
    public async Task What_a_CASCADE_takes_along_and_a_table_keeps_locked_is_told_of_SQL_by_hand()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            Scores
                + """
                create function public.best() returns setof public.scores language sql as 'select * from public.scores';
                create schema "다른"; create materialized view "다른"."M" as select * from public.top_scores;
                """
        );
        bench
            .Declaring("migration: { sql: { up: up.sql } }\nrollback: { method: backup }")
            .With(
                "up.sql",
                """
                alter table public.results add column more int;
                drop view public.scores cascade;
                create view public.scores as select id::bigint as id, name, score from public.results;
                create index on public.results (name);
                """
            );

        var result = await bench.RehearseAsync();

        Assert.Equal("rehearsals.cascade", result.Problem!.Code);
        Assert.Contains("materialized view \"다른\".\"M\"", result.Problem.ToString(), StringComparison.Ordinal);
        var dropped = Assert.Single(result.Statements, s => s.TakenAlong.Count > 0);
        Assert.Equal("DROP VIEW public.scores", dropped.Text);
        Assert.Equal(
            ["function public.best()", "materialized view \"다른\".\"M\"", "view public.top_scores"],
            dropped.TakenAlong.Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            [
                ("ALTER TABLE", "ACCESS EXCLUSIVE", "results"),
                ("CREATE INDEX", "SHARE", "results"),
                ("DROP VIEW", "ACCESS EXCLUSIVE", "M"),
                ("DROP VIEW", "ACCESS EXCLUSIVE", "scores"),
                ("DROP VIEW", "ACCESS EXCLUSIVE", "top_scores"),
            ],
            result
                .Statements.SelectMany(s => s.Locks.Select(l => (s.Command, l.Mode, l.Relation.Name)))
                .OrderBy(l => l.Command, StringComparer.Ordinal)
                .ThenBy(l => l.Name, StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task What_was_rehearsed_is_remembered_until_the_view_or_what_it_may_read_changes()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View).With("new.sql", New);
        var first = await bench.RehearseAsync();
        Assert.Null(first.Problem);
        Assert.Same(first, await bench.RehearseAsync());
        await bench.Database.ExecuteAsync("comment on view public.scores is 'another'");
        var second = await bench.RehearseAsync();
        Assert.NotSame(first, second);
        await using var other = await bench.Database.ConnectAsync();
        await using var temporary = new NpgsqlCommand(
            """
            create temp table t (id int primary key default 1 check (id > 0));
            create temp view v as select id from t;
            insert into public.results values (1, 'a', 1)
            """,
            other
        );
        await temporary.ExecuteNonQueryAsync();
        Assert.Same(second, await bench.RehearseAsync());
        await bench.Database.ExecuteAsync("alter table public.results rename name to label");
        Assert.Equal("rehearsals.forward", (await bench.RehearseAsync()).Problem!.Code);
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
        Assert.Contains("grant to PUBLIC by", finding.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_down_file_is_a_warning_where_another_way_back_is_chosen()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View + "  down: down.sql").With("new.sql", New).With("down.sql", DownWithoutGrant);
        var finding = await bench.EvaluateAsync();
        Assert.True(finding.Passed, finding.Finding.ToString());
        Assert.Equal("gates.rollback.warning", finding.Finding.Code);
        Assert.Contains("grant to PUBLIC by", finding.Finding.ToString(), StringComparison.Ordinal);
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
    public async Task A_partition_is_lost_once_with_its_columns_and_one_that_is_attached_is_not()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            """
            create table public.visits (id int, on_day date) partition by range (on_day);
            create table public.visits_2023 partition of public.visits for values from ('2023-01-01') to ('2024-01-01');
            create table public.visits_2024 (id int, on_day date);
            """
        );
        bench
            .Declaring("migration: { sql: { up: up.sql } }\nrollback: { method: backup }")
            .With(
                "up.sql",
                """
                drop table public.visits_2023;
                alter table public.visits attach partition public.visits_2024 for values from ('2024-01-01') to ('2025-01-01');
                """
            );

        var result = await bench.RehearseAsync();

        Assert.Equal("rehearsals.cascade", result.Problem!.Code);
        Assert.Equal("table public.visits_2023", result.Problem.Arguments["objects"]);
        Assert.Empty(result.Dropped!);
    }

    [Fact]
    public async Task What_only_has_another_name_is_no_loss_on_the_way_back_and_what_is_dropped_beside_it_is()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            Scores
                + """
                create table public.notes (id int constraint positive check (id > 0), twice int generated always as (id * 2) stored);
                create index by_id on public.notes (id);
                create index doomed on public.notes (twice);
                create policy readable on public.notes using (id > 1);
                create function public.noted() returns trigger language plpgsql as 'begin return new; end';
                create trigger note before insert on public.notes for each row execute function public.noted();
                grant select on public.notes to pg_monitor;
                """
        );
        const string Renamed = """
            create or replace view public.scores as select score, id, name from public.results where score > 0;
            alter index public.by_id rename to by_number;
            alter policy readable on public.notes rename to legible;
            alter trigger note on public.notes rename to remark;
            alter table public.notes rename constraint positive to above_zero;
            alter table public.notes rename twice to doubled;
            """;
        const string Table = "alter table public.notes rename to remarks;";
        bench
            .Declaring(
                "migration: { sql: { up: up.sql } }\nrollback: { method: definition }\ncontract:\n  relation: public.scores\n  columns: [{ name: score, type: numeric }, { name: id, type: integer }, { name: name, type: text }]\n"
            )
            .With("up.sql", Renamed);
        var parts = await bench.RehearseAsync();
        Assert.True(parts.Problem is null, parts.Problem?.ToString());

        var whole = await bench.With("up.sql", Renamed + Table).RehearseAsync();
        Assert.True(whole.Problem is null, whole.Problem?.ToString());

        var lost = await bench.With("up.sql", Renamed + "drop index public.doomed;" + Table).RehearseAsync();
        Assert.Equal("rehearsals.not-made-again", lost.Problem!.Code);
        Assert.Equal("index public.doomed", lost.Problem.Arguments["objects"]);
    }

    [Fact]
    public async Task A_login_that_could_not_restore_beside_is_told_before_the_start_what_it_lacks()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View + "rollback: { method: backup }").With("new.sql", New);
        var login = "login_" + bench.Database.Name;
        await bench.Database.ExecuteAsync(
            $"create role {login} login; alter database {bench.Database.Name} owner to {login}"
        );

        var refused = await EvaluateAsync();

        Assert.Equal((false, "gates.rollback.no-restore"), (refused.Passed, refused.Finding.Code));
        Assert.Contains($"alter role {login} createdb", refused.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "objects of the database belong to postgres",
            refused.Finding.ToString(),
            StringComparison.Ordinal
        );
        await bench.Database.ExecuteAsync(
            $"""
            alter role {login} createdb; alter schema public owner to {login};
            alter table results owner to {login}; alter view scores owner to {login}; alter view top_scores owner to {login}
            """
        );
        var passed = await EvaluateAsync();
        Assert.True(passed.Passed, passed.Finding.ToString());
        Assert.Contains("cannot be told from here", passed.Finding.ToString(), StringComparison.Ordinal);

        await bench.Database.ExecuteAsync($"alter role {login} nocreatedb");
        bench.Declaring(View);
        var warned = await EvaluateAsync();
        Assert.Equal((true, "gates.rollback.warning"), (warned.Passed, warned.Finding.Code));
        var warning = warned.Finding.Parts!["warning"];
        Assert.Equal("gates.rollback.in-place-behind", warning.Code);
        Assert.Contains($"alter role {login} createdb", warning.ToString(), StringComparison.Ordinal);
        await bench.Database.ExecuteAsync(
            $"create table parted (id int primary key) partition by range (id); create table part partition of parted default; alter table parted owner to {login}; alter table part owner to {login}"
        );
        Assert.Contains(
            "has the constraint part_pkey",
            (await EvaluateAsync()).Finding.ToString(),
            StringComparison.Ordinal
        );
        bench.Declaring(View + "gates: { backup: off }");
        Assert.Equal("gates.rollback.proven", (await EvaluateAsync()).Finding.Code);

        async Task<GateFinding> EvaluateAsync()
        {
            // A superuser's session that has ended and is seen a moment longer would be in the way.
            await bench.Database.LeftAloneAsync();
            return await bench.EvaluateAsync(login);
        }
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
        bench.Declaring(View + "rollback: { method: in-place }");
        Assert.Equal("gates.rollback.backup", (await bench.EvaluateAsync()).Finding.Code);
        await bench.Database.ExecuteAsync(
            "create table parted (id int primary key) partition by range (id); create table part partition of parted default"
        );
        Assert.Equal("rollbacks.in-place.inherited", (await bench.EvaluateAsync()).Finding.Code);
    }
}
