using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Examples;

public sealed class AttemptViewShapeTests(PostgresServer server)
{
    private static readonly string[] Locked =
    [
        "id|bigint",
        "student_id|uuid",
        "item_id|bigint",
        "correct|boolean",
        "response_time_ms|integer",
        "hint_used|boolean",
        "completed_at|timestamp with time zone",
        "started_at|timestamp with time zone",
        "attempt_no|integer",
        "session_id|text",
        "topic_id|text",
    ];

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task V1_has_the_locked_columns_and_all_attempts_on_every_supported_server(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        await AttemptViewExample.LoadAsync(database, 200);
        await AttemptViewExample.CreateV1Async(database);
        Assert.Equal(Locked, await ColumnsAsync(database, "v1"));
        Assert.Equal(["2000|2000"], await database.RowsAsync("select count(*), count(distinct id) from public.v1"));
    }

    [Fact]
    public async Task The_older_view_has_the_same_names_and_a_bigint_attempt_no_in_the_seventh_place()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 10);
        var older = await ColumnsAsync(database, "attempt");
        Assert.Equal("attempt_no|bigint", older[6]);
        Assert.Equal(Names(Locked).Order(), Names(older).Order());
    }

    [Fact]
    public async Task The_older_view_cannot_be_replaced_in_place()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 10);
        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            database.ExecuteAsync("create or replace view public.attempt as\n" + AttemptViewExample.Read("attempt.sql"))
        );
        Assert.Equal(PostgresErrorCodes.InvalidTableDefinition, refused.SqlState);
    }

    [Fact]
    public async Task Old_and_new_differ_in_every_id_and_in_the_student_id_of_users_without_a_UUID_and_in_nothing_else()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 1200);
        await AttemptViewExample.CreateV1Async(database);
        var differences = await database.RowsAsync(
            """
            select
                count(*),
                count(*) filter (where old.id <> new.id),
                count(*) filter (where old.student_id <> new.student_id and result.user_id ~ '-.*-.*-.*-'),
                count(*) filter (where old.student_id = new.student_id and result.user_id !~ '-.*-.*-.*-'),
                count(*) filter (where result.user_id is null),
                count(*) filter (
                    where (old.correct, old.response_time_ms, old.hint_used, old.completed_at, old.started_at,
                           old.attempt_no, old.topic_id)
                        is distinct from
                          (new.correct, new.response_time_ms, new.hint_used, new.completed_at, new.started_at,
                           new.attempt_no, new.topic_id)
                )
            from public.attempt old
            full join public.v1 new using (session_id, item_id)
            join public.exam_results result using (session_id)
            """
        );
        Assert.Equal(["12000|12000|0|0|20|0"], differences);
    }

    [Fact]
    public async Task The_generator_makes_the_same_rows_every_time_and_adds_only_what_is_missing()
    {
        await using var first = await server.CreateDatabaseAsync();
        await using var second = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(first, 100);
        await AttemptViewExample.LoadAsync(second, 40);
        await second.ExecuteAsync("set seedtest.results = '100';\n" + AttemptViewExample.Read("generate.sql"));
        const string All = "select * from public.exam_results order by id";
        Assert.Equal(await first.RowsAsync(All), await second.RowsAsync(All));
    }

    private static IEnumerable<string> Names(IEnumerable<string> columns) => columns.Select(c => c.Split('|')[0]);

    private static Task<List<string>> ColumnsAsync(TestDatabase database, string view) =>
        database.RowsAsync(
            $"""
            select attname, format_type(atttypid, atttypmod)
            from pg_attribute where attrelid = 'public.{view}'::regclass and attnum > 0 order by attnum
            """
        );
}
