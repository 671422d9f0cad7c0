using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>The same name in two schemas, and a search_path that finds the other one first.</summary>
public sealed class NamesElsewhereTests(PostgresServer server)
{
    [Theory]
    [InlineData("public.v", "select a from t", "public.t", "app.t")]
    [InlineData("public.v", "select a, f(1) as b from public.t", "public.f(integer)", "app.f(integer)")]
    [InlineData("public.v", "select a, shaped.only_here from public.t, shaped", "public.shaped", "app.shaped")]
    [InlineData(
        "public.v",
        "select items.a, shaped.only_here from other.items items, shaped",
        "public.shaped",
        "app.shaped"
    )]
    [InlineData(
        "public.v",
        "select single.b, shaped.only_here from other.single single, shaped",
        "public.shaped",
        "app.shaped"
    )]
    [InlineData("other.v", "select a from t", "public.t", "app.t")]
    [InlineData("other.v", "select a from \"다 \"\"른\"", "other.\"다 \"\"른\"", "app.\"다 \"\"른\"")]
    [InlineData("public.v", "select t.a, app from public.t t, single as app", null, null)]
    [InlineData("public.v", "with t as (select 1 as a) select t.a from t", null, null)]
    [InlineData("app.v", "select a from t", null, null)]
    [InlineData("public.v", "select a from nowhere", null, null)]
    public async Task A_name_that_the_authors_own_psql_would_read_otherwise_is_found(
        string view,
        string definition,
        string? here,
        string? there
    )
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create schema app; create schema other;
            create table public.t (a int); create table app.t (a int); create table public.single (b int);
            create table public.shaped (only_here int); create table app.shaped (a int);
            create table other.items (a int); create table other.single (b int);
            create table other."다 ""른" (a int); create table app."다 ""른" (a int);
            create function public.f(int) returns int language sql as 'select 1';
            create function app.f(int) returns int language sql as 'select 2';
            do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$
            """
        );
        await using var session = await bench.OpenAsync();

        var found = await NamesElsewhere.FindAsync(session, ViewBench.View(view, definition), default);

        Assert.Equal(here, found?.Arguments["here"]);
        Assert.Equal(there, found?.Arguments["there"]);
        Assert.Equal(found is null ? null : "app, public", found?.Arguments["path"]);
        Assert.Equal(
            0L,
            await bench.Database.ScalarAsync<long>(
                "select count(*) from pg_class where relkind = 'v' and relname like 'tidelock%'"
            )
        );
    }

    [Fact]
    public async Task Whoever_holds_what_the_definition_reads_is_waited_for_and_then_told()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create schema app; create table public.t (a int); create table app.t (a int);
            do $$ begin execute format('alter database %I set search_path = app, public', current_database()); end $$
            """
        );
        await using var holder = await bench.Database.ConnectAsync();
        await using var session = await bench.OpenAsync();
        await new NpgsqlCommand("begin; lock table public.t in access exclusive mode", holder).ExecuteNonQueryAsync();

        var held = await NamesElsewhere.FindAsync(session, ViewBench.View("public.v", "select a from t"), default);
        await new NpgsqlCommand("commit", holder).ExecuteNonQueryAsync();
        var free = await NamesElsewhere.FindAsync(session, ViewBench.View("public.v", "select a from t"), default);

        Assert.Equal("migrations.view.names-busy", held?.Code);
        Assert.Equal("migrations.view.names-elsewhere", free?.Code);
    }
}
