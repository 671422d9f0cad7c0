using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Examples;

public sealed class AttemptViewWayBackTests(PostgresServer server)
{
    [Fact]
    public async Task Up_makes_the_locked_definition_and_down_brings_everything_back()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 100);
        var before = await CatalogAsync(database);
        await database.ExecuteAsync($"begin;\n{AttemptViewExample.Read("up.sql")}\ncommit;");
        await AttemptViewExample.CreateV1Async(database);
        Assert.True(
            await database.ScalarAsync<bool>(
                "select pg_get_viewdef('public.attempt'::regclass) = pg_get_viewdef('public.v1'::regclass)"
            )
        );
        await database.ExecuteAsync("drop view public.v1");
        Assert.NotEqual(before, await CatalogAsync(database));
        await database.ExecuteAsync($"begin;\n{AttemptViewExample.Read("down.sql")}\ncommit;");
        Assert.Equal(before, await CatalogAsync(database));
    }

    [Fact]
    public async Task The_bad_definition_equals_V1_in_shape_and_in_every_row_until_the_next_rows_arrive()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 500);
        await AttemptViewExample.CreateV1Async(database);
        await database.ExecuteAsync("create view public.bad as\n" + AttemptViewExample.Read("bad/attempt.sql"));
        Assert.Empty(await database.RowsAsync("(table public.v1 except all table public.bad)"));
        Assert.Empty(await database.RowsAsync("(table public.bad except all table public.v1)"));

        await database.ExecuteAsync(AttemptViewExample.Read("bad/arriving.sql"));
        Assert.Equal(
            5001,
            await database.ScalarAsync<long>("select count(*) from (table public.v1 offset 0) as all_rows")
        );
        await Assert.ThrowsAsync<PostgresException>(() => database.RowsAsync("select * from public.bad limit 1"));
    }

    private static Task<List<string>> CatalogAsync(TestDatabase database) =>
        database.RowsAsync(
            """
            select
                relation.relname, relation.relkind, pg_get_userbyid(relation.relowner), relation.relacl::text,
                relation.reloptions::text, pg_get_viewdef(relation.oid), obj_description(relation.oid, 'pg_class'),
                array(
                    select (attname, format_type(atttypid, atttypmod), attacl, col_description(attrelid, attnum))::text
                    from pg_attribute where attrelid = relation.oid and attnum > 0 order by attnum
                )::text,
                array(select pg_get_indexdef(indexrelid) from pg_index where indrelid = relation.oid order by 1)::text
            from pg_class relation
            where relation.relnamespace = 'public'::regnamespace and relation.relkind in ('v', 'm')
            order by relation.relname
            """
        );
}
