using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

public sealed class FixPointTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    private const string Tables = """
        create table t (id int, kind varchar(5)); create table o (id int, kind varchar(5));
        create view v as select id, kind from t;
        create function f() returns trigger language plpgsql as 'begin return new; end';
        create function n(text) returns bigint language sql stable return (select count(*) from v where kind = $1);
        """;

    [Theory]
    [InlineData("create rule r as on update to v where new.kind in ('a', 'b') do instead nothing", "'b'", "'c'")]
    [InlineData("create rule r as on insert to o where new.kind in ('a', 'b') do also select id from v", "'b'", "'c'")]
    [InlineData(
        "create trigger \"T t\" before insert on o for each row when (new.kind in ('a', 'b') and n(new.kind) > 0) execute function f()",
        "'b'",
        "'c'"
    )]
    [InlineData("create domain d as v check ((value).kind in ('a', 'b'))", "'b'", "'c'")]
    [InlineData(
        "create materialized view m as select id, kind from v;; create unique index \"I i\" on m (id) where kind in ('a', 'b')",
        "'b'",
        "'c'"
    )]
    public async Task What_only_reads_differently_after_it_was_created_again_is_the_same_and_what_differs_is_not(
        string sql,
        string part,
        string otherPart
    )
    {
        var (before, again) = await TwiceAsync(sql, sql);
        Assert.NotEmpty(ClosureComparison.Differences(before.Closure, again));
        Assert.Empty(await before.DifferencesAsync(again));
        await before.DisposeAsync();

        var (same, other) = await TwiceAsync(sql, sql.Replace(part, otherPart, StringComparison.Ordinal));
        Assert.Single(await same.DifferencesAsync(other));
        Assert.Equal(
            0L,
            await same.Bench.Database.ScalarAsync<long>("select count(*) from pg_class where relname like 'tidelock%'")
        );
        await same.DisposeAsync();
    }

    /// <summary>The closure with the first, and with the second once it was put back from what PostgreSQL read of it.</summary>
    private async Task<(Seen Before, RelationClosure? Again)> TwiceAsync(string first, string second)
    {
        var bench = await ViewBench.EmptyAsync(server, Tables);
        await CreateAsync(bench, second);
        var wanted = await bench.CaptureAsync(V);
        await using (var session = await bench.OpenAsync())
        {
            foreach (var statement in ClosureRestore.Statements(wanted, wanted))
            {
                await session.ExecuteOneAsync(statement.Sql, default);
            }
        }

        var again = await bench.CaptureAsync(V);
        await using (var session = await bench.OpenAsync())
        {
            foreach (var statement in ClosureRestore.Statements(again, null))
            {
                await session.ExecuteOneAsync(statement.Sql, default);
            }
        }

        await bench.Database.ExecuteAsync("drop table t, o cascade; drop function f");
        await bench.Database.ExecuteAsync(Tables);
        await CreateAsync(bench, first);
        return (new Seen(bench, await bench.CaptureAsync(V)), again);
    }

    private static async Task CreateAsync(ViewBench bench, string sql)
    {
        await using var session = await bench.OpenAsync();
        await session.ExecuteOneAsync("set search_path = public", default);
        foreach (var statement in sql.Split(";; "))
        {
            await session.ExecuteOneAsync(statement, default);
        }
    }

    private sealed record Seen(ViewBench Bench, RelationClosure? Closure) : IAsyncDisposable
    {
        public async Task<IReadOnlyList<ClosureDifference>> DifferencesAsync(RelationClosure? after)
        {
            await using var session = await Bench.OpenAsync();
            return await ClosureComparison.DifferencesAsync(session, Closure, after, default);
        }

        public ValueTask DisposeAsync() => Bench.DisposeAsync();
    }
}
