using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

public sealed class SqlMoveTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    [Fact]
    public async Task The_examples_own_up_and_down_files_go_there_and_back()
    {
        await using var bench = await ViewBench.AttemptAsync(server);
        var attempt = new RelationName("public", "attempt");
        var before = await bench.CaptureAsync(attempt);
        var migration = new SqlMigration(
            new ChangeFile("up.sql", ViewBench.Example("up.sql")),
            new ChangeFile("down.sql", ViewBench.Example("down.sql")),
            ViewBench.Budget
        );

        var there = await bench.RunAsync(migration.Forward(null));
        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        var back = await bench.RunAsync(migration.Backward()!);
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());

        await using var session = await bench.OpenAsync();
        var left = await ClosureComparison.DifferencesAsync(
            session,
            before,
            await bench.CaptureAsync(attempt),
            default
        );
        Assert.Empty(left.Select(d => d.Text.ToString()));
    }

    [Fact]
    public async Task A_hand_written_cascade_is_seen_in_the_comparison_and_made_good_by_the_definition()
    {
        await using var bench = await ViewBench.AttemptAsync(server);
        var attempt = new RelationName("public", "attempt");
        var before = await bench.CaptureAsync(attempt);
        var catalog = await bench.CatalogAsync();

        var there = await bench.RunAsync(
            Sql("drop view attempt cascade; create view attempt as select 1::bigint as id")
        );
        Assert.IsType<MigrationOutcome.Applied>(there);
        var lost = ClosureComparison.Unexpected(
            ClosureComparison.Differences(before, await bench.CaptureAsync(attempt)),
            attempt
        );
        Assert.Contains(
            lost,
            d => d is { Part: ClosurePart.Existence, After: null } && d.Relation.Name == "weekly_kpi"
        );
        Assert.Contains(lost, d => d.Part == ClosurePart.Owner && d.Relation == attempt);

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(new ClosureMove(attempt, before)));
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Fact]
    public async Task What_a_view_loses_when_it_becomes_a_materialized_view_is_unexpected_and_what_the_kinds_differ_in_is_not()
    {
        const string kept = """
            create materialized view v as select 1 as id, 2 as item; create index i on v (id);
            comment on materialized view v is 'rows'; comment on column v.id is 'key'
            """;
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create view v with (security_barrier) as select 1 as id, 2 as item;
            comment on view v is 'rows'; comment on column v.id is 'key'; grant select on v to pg_monitor
            """
        );
        var before = await bench.CaptureAsync(V);

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(Sql($"drop view v; {kept}")));
        var lost = await UnexpectedAsync(bench, before);

        Assert.Equal(
            ["grant to pg_monitor by postgres", "option security_barrier"],
            lost.Select(d => d.What).Order(StringComparer.Ordinal)
        );
        Assert.All(lost, d => Assert.Null(d.After));
        Assert.Equal(2, lost.Texts().Count);
    }

    [Fact]
    public async Task A_gone_column_explains_nothing_about_a_column_whose_name_begins_like_its_own()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create view v as select 1 as id, 2 as item, 3 as item_id;
            comment on column v.item is 'gone'; comment on column v.item_id is 'lost';
            alter view v alter column item set default 1; alter view v alter column item_id set default 2;
            grant select (item), select (item_id) on v to pg_monitor
            """
        );
        var before = await bench.CaptureAsync(V);

        Assert.IsType<MigrationOutcome.Applied>(
            await bench.RunAsync(Sql("drop view v; create view v as select 1 as id, 3 as item_id"))
        );
        var lost = await UnexpectedAsync(bench, before);

        Assert.Equal(
            [
                "comment on column \"item_id\"",
                "default of column \"item_id\"",
                "grant on column \"item_id\" to pg_monitor by postgres",
            ],
            lost.Select(d => d.What).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("create table made (a int);\ncommit;", "migrations.sql.transaction-control")]
    [InlineData("begin; create table made (a int); commit", "migrations.sql.transaction-control")]
    [InlineData(
        "create table made (a int); create index concurrently on made (a)",
        "migrations.sql.not-in-a-transaction"
    )]
    [InlineData("create table made (a int);\n\\d made", "migrations.sql.meta-command")]
    [InlineData("create table made (a int);\nselect\n  frm;;", "migrations.sql.failed-at")]
    [InlineData("create table made (a int); select 1 / 0", "migrations.sql.failed")]
    [InlineData("create table made (a int); copy made from stdin", "migrations.sql.transaction-control")]
    public async Task A_file_that_cannot_be_one_transaction_changes_nothing(string sql, string code)
    {
        await using var bench = await ViewBench.EmptyAsync(server, "select 1");
        var outcome = await bench.RunAsync(Sql(sql));
        Assert.Equal(code, Assert.IsType<MigrationOutcome.Failed>(outcome).Finding.Code);
        Assert.False(await bench.Database.ScalarAsync<bool>("select to_regclass('made') is not null"));
    }

    [Fact]
    public async Task Dollar_quotes_backslashes_and_the_databases_search_path_are_as_in_psql()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create schema app");
        await bench.Database.ExecuteAsync($"alter database \"{bench.Database.Name}\" set search_path = app");

        var outcome = await bench.RunAsync(
            Sql(
                """
                create table made (a text);
                do $$ begin execute 'insert into made values (E''\\x'')'; end $$;
                insert into made values ('a\b;c'), ($tidelock$ $$ ' $tidelock$);
                -- the end
                """
            )
        );

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(
            [" $$ ' ", "\\x", "a\\b;c"],
            await bench.Database.RowsAsync("select a from app.made order by a collate \"C\"")
        );
    }

    private static async Task<IReadOnlyList<ClosureDifference>> UnexpectedAsync(
        ViewBench bench,
        RelationClosure? before
    ) => ClosureComparison.Unexpected(ClosureComparison.Differences(before, await bench.CaptureAsync(V)), V);

    private static IMigrationMove Sql(string sql) =>
        new SqlMigration(new ChangeFile("up.sql", sql), null, ViewBench.Budget).Forward(null);
}
