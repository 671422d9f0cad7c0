using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

public sealed class PresentObjectsTests(PostgresServer server)
{
    private const string Schema = """
        create table t (id int primary key, name text, extra text);
        create function f(int) returns int immutable language sql as 'select $1';
        create view base as select id from t;
        create view child as select id from base;
        create materialized view grandchild as select id from child;
        create function reads() returns bigint language sql return (select count(*) from base);
        create table other (id int references t, checked int check (f(checked) > 0));
        create index by_f on other (f(id));
        create policy readable on other using (id in (select id from base));
        create rule also as on insert to other do also select count(*) from base;
        create function noted() returns trigger language plpgsql as 'begin return new; end';
        create trigger note before insert on other for each row execute function noted();
        create view of_extra as select extra from t;
        create view alone as select id from t;
        create type mood as enum ('calm');
        create sequence numbers;
        alter table other add felt mood, add number int default nextval('numbers');
        create table parent (id int);
        create table heir () inherits (parent);
        create temp view passing as select id from base;
        """;

    [Fact]
    public async Task What_a_CASCADE_took_along_is_told_and_what_was_dropped_alone_is_not()
    {
        await using var bench = await ViewBench.EmptyAsync(await server.CreateDatabaseAsync(), Schema);
        await using var session = await PostgresSession.OpenAsync(bench.Database.Target, "tidelock/test", default);
        var before = await PresentObjects.ReadAsync(session, parts: false, default);
        await bench.Database.ExecuteAsync(
            """
            drop view base cascade; create view base as select id from t;
            drop function noted cascade; drop function f cascade; alter table t drop column extra cascade;
            drop view alone; drop type mood cascade; drop sequence numbers cascade; drop table parent cascade;
            """
        );

        var now = await PresentObjects.ReadAsync(session, parts: false, default);
        var torn = await before.TornInAsync(now, session, default);

        Assert.Equal(
            [
                "default value for public.other.number",
                "function public.reads()",
                "index public.by_f",
                "materialized view public.grandchild",
                "policy readable on public.other",
                "rule also on public.other",
                "table column public.other.felt",
                "table constraint other_checked_check on public.other",
                "table public.heir",
                "trigger note on public.other",
                "view public.child",
                "view public.of_extra",
            ],
            torn.Select(o => $"{o}").Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Nothing_is_lost_where_everything_is_made_again()
    {
        await using var bench = await ViewBench.EmptyAsync(await server.CreateDatabaseAsync(), Schema);
        await using var session = await PostgresSession.OpenAsync(bench.Database.Target, "tidelock/test", default);
        var before = await PresentObjects.ReadAsync(session, parts: false, default);

        await bench.Database.ExecuteAsync(
            """
            drop view child cascade; create materialized view child as select id from base;
            create view grandchild as select id from child; alter table t add column more int
            """
        );

        var now = await PresentObjects.ReadAsync(session, parts: false, default);
        Assert.Empty(await before.TornInAsync(now, session, default));
    }
}
