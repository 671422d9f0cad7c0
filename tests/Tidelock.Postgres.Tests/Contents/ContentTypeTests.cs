using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Contents;

/// <summary>Per type: equal contents are the same, and two values of it that change places are not.</summary>
public sealed class ContentTypeTests(PostgresServer server)
{
    private const string Types = """
        create type mood as enum ('sad', 'ok', 'happy');
        create type pair as (a int, b numeric);
        create domain positive as int check (value > 0);
        create function shout(pair) returns text language sql immutable as $$ select 'always the same' $$;
        create cast (pair as text) with function shout(pair);
        create collation blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
        """;

    public static TheoryData<string, string, string> Values =>
        new()
        {
            { "boolean", "true", "false" },
            { "smallint", "1", "2" },
            { "integer", "-1", "1" },
            { "bigint", "1", "4294967296" },
            { "bigint", "-1", "4294967295" },
            { "bigint", "null", "0" },
            { "numeric", "1.0", "1.00" },
            { "numeric", "'NaN'", "0" },
            { "real", "0", "'-0'" },
            { "double precision", "'-0'", "0" },
            { "double precision", "'NaN'", "'Infinity'" },
            { "double precision", "0.1", "0.10000000000000002" },
            { "money", "1", "2" },
            { "text", "'a'", "'b'" },
            { "text", "''", "null" },
            { "text", "'1,2'", "'12'" },
            { "text collate blind", "'résumé'", "'RESUME'" },
            { "varchar(10)", "'가'", "'나'" },
            { "character(3)", "'a'", "'b'" },
            { "\"char\"", "'a'", "'b'" },
            { "name", "'a'", "'b'" },
            { "bytea", "'\\x00'", "'\\x0000'" },
            { "uuid", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000002'" },
            { "json", "'{\"a\": 1}'", "'{\"a\":1}'" },
            { "jsonb", "'{\"a\": 1.0}'", "'{\"a\": 1.00}'" },
            { "jsonb", "'null'", "null" },
            { "xml", "'<a/>'", "'<b/>'" },
            { "date", "'2026-01-01'", "'infinity'" },
            { "time", "'10:00'", "'10:00:00.000001'" },
            { "timetz", "'10:00+00'", "'11:00+01'" },
            { "timestamp", "'2026-01-01'", "'2026-01-01 00:00:00.000001'" },
            { "timestamptz", "'2026-01-01 00:00+00'", "'2026-01-01 00:00+09'" },
            { "interval", "'1 day'", "'24 hours'" },
            { "int[]", "'{1,2}'", "'[0:1]={1,2}'" },
            { "int[]", "'{{1,2}}'", "'{1,2}'" },
            { "text[]", "'{null}'", "'{\"null\"}'" },
            { "numeric[]", "'{1.0}'", "'{1.00}'" },
            { "json[]", "array['{}'::json]", "array['{ }'::json]" },
            { "point", "'(0,0)'", "'(-0,0)'" },
            { "box", "'(1,1),(0,0)'", "'(2,2),(0,0)'" },
            { "int4range", "'[1,3)'", "'[1,4)'" },
            { "numrange", "'[1.0,2)'", "'[1.00,2)'" },
            { "tstzrange", "'empty'", "'(,)'" },
            { "int4multirange", "'{[1,2)}'", "'{}'" },
            { "inet", "'10.0.0.1'", "'10.0.0.1/31'" },
            { "bit(3)", "'101'", "'100'" },
            { "tsvector", "'a:1'", "'a:2'" },
            { "jsonpath", "'$.a'", "'$.b'" },
            { "oid", "1", "4294967295" },
            { "regclass", "'pg_class'", "'pg_type'" },
            { "mood", "'sad'", "'happy'" },
            { "positive", "1", "2" },
            { "pair", "row(1, 1.0)", "row(1, 1.00)" },
            { "pair[]", "array[row(1, 2)::pair]", "array[row(2, 1)::pair]" },
            { "pg_class", "null", "(select c from pg_class c where relname = 'pg_class')" },
        };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Two_values_that_change_places_are_seen_whatever_their_type(string type, string one, string other)
    {
        var plain = type.Replace(" collate blind", "", StringComparison.Ordinal);
        await using var bench = await ContentBench.CreateAsync(
            server,
            $"""
            {Types}
            create table t (k int, c {type}, d int);
            insert into t values (1, {one}::{plain}, 7), (2, {other}::{plain}, 7), (3, null, null);
            """
        );

        var same = await bench.CompareAsync("select * from t", "select k, d, c from t order by k desc");
        Assert.Null(same.Problem);
        Assert.True(same.AsDeclared);
        Assert.Equal([ContentStanding.Same, ContentStanding.Same], same.Columns.Select(c => c.Standing));

        var swapped = await bench.CompareAsync(
            "select * from t",
            "select t.k, case when t.k = 3 then t.c else u.c end as c, t.d from t left join t u on t.k + u.k = 3"
        );
        Assert.Null(swapped.Problem);
        Assert.False(swapped.AsDeclared);
        Assert.Equal(
            [("c", ContentStanding.Changed, 2L), ("d", ContentStanding.Same, (long?)null)],
            swapped.Columns.Select(c => (c.Name, c.Standing, c.Rows))
        );
        Assert.Equal("(1)", swapped.Columns[0].Example!.Key);
    }

    [Theory]
    [InlineData("integer", "bigint", "-5")]
    [InlineData("integer", "text", "-5")]
    [InlineData("varchar(3)", "text", "'abc'")]
    [InlineData("real", "double precision", "0.5")]
    [InlineData("mood", "text", "'ok'")]
    [InlineData("boolean", "text", "true")]
    [InlineData("json", "jsonb", "'{\"a\": 1}'")]
    public async Task The_same_text_of_another_type_is_the_same(string old, string @new, string value)
    {
        await using var bench = await ContentBench.CreateAsync(server, $"{Types} create table t (k int, c {old})");
        await bench.Database.ExecuteAsync($"insert into t values (1, {value}), (2, null)");
        var found = await bench.CompareAsync("select * from t", $"select k::bigint as k, c::{@new} as c from t");
        Assert.Null(found.Problem);
        Assert.True(found.AsDeclared, found.Summary.ToString());
    }

    [Theory]
    [InlineData("integer", "case when c < 0 then c::bigint + 4294967296 else c end", "-1")]
    [InlineData("integer", "c::bigint << 32", "1")]
    [InlineData("numeric", "c::double precision", "1.0")]
    [InlineData("character(5)", "c::text", "'abc'")]
    [InlineData("timestamptz", "c at time zone 'Asia/Seoul'", "'2026-01-01 00:00+00'")]
    public async Task A_value_that_reads_otherwise_in_its_new_type_has_changed(string type, string @new, string value)
    {
        await using var bench = await ContentBench.CreateAsync(server, $"create table t (k int, c {type})");
        await bench.Database.ExecuteAsync($"insert into t values (1, {value}), (2, null)");
        var found = await bench.CompareAsync("select * from t", $"select k, {@new} as c from t");
        Assert.Null(found.Problem);
        Assert.Equal(1, Assert.Single(found.Columns).Rows);
    }
}
