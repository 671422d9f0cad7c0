using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Examples;

[SuppressMessage("Security", "CA5351", Justification = "The locked rules are made of md5.")]
public sealed class AttemptViewRuleTests(EmptyAttemptView view) : IClassFixture<EmptyAttemptView>
{
    private const string Result = "11111111-2222-3333-4444-555555555555";

    [Fact]
    public async Task The_id_is_the_first_64_bits_of_the_md5_of_result_and_question()
    {
        var database = await view.BeginAsync();
        await AddAsync(database, """[{"question_id": 7}, {"question_id": "9223372036854775807"}]""");
        var ids = await database.RowsAsync("select id from public.v1 order by item_id");
        Assert.Equal([$"{Hash(Result + "-7")}", $"{Hash(Result + "-9223372036854775807")}"], ids);
    }

    [Theory]
    [InlineData("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")]
    [InlineData("student-17", null)]
    [InlineData("------------------------------------", null)]
    [InlineData("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", null)]
    [InlineData("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n", null)]
    [InlineData("g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", null)]
    [InlineData("김학생", null)]
    [InlineData("", null)]
    public async Task A_student_is_the_user_s_UUID_or_one_made_of_its_md5(string user, string? uuid)
    {
        var database = await view.BeginAsync();
        await AddAsync(database, """[{"question_id": 1}]""", $"'{user}'");
        var expected = uuid ?? Guid.ParseExact(Md5(user), "N").ToString();
        Assert.Equal(expected, (await database.ScalarAsync<Guid>("select student_id from public.v1")).ToString());
    }

    [Fact]
    public async Task A_result_without_a_user_has_a_student_all_the_same()
    {
        var database = await view.BeginAsync();
        await AddAsync(database, """[{"question_id": 1}]""", "null");
        Assert.Equal(
            Guid.ParseExact(Md5(""), "N"),
            await database.ScalarAsync<Guid>("select student_id from public.v1")
        );
    }

    [Theory]
    [InlineData("""{"is_correct": true, "correct": false}""", true)]
    [InlineData("""{"is_correct": false, "correct": true}""", false)]
    [InlineData("""{"is_correct": null, "correct": true}""", true)]
    [InlineData("""{"correct": true}""", true)]
    [InlineData("""{"is_correct": "True"}""", true)]
    [InlineData("""{"is_correct": "perhaps", "correct": true}""", true)]
    [InlineData("""{"is_correct": [true]}""", false)]
    [InlineData("{}", false)]
    public Task Correct_is_is_correct_else_correct_else_false(string answer, bool correct) =>
        ReadsAsync(answer, "correct", correct);

    [Theory]
    [InlineData("12.3456", 12346)]
    [InlineData("\"4.5\"", 4500)]
    [InlineData("0", 0)]
    [InlineData("null", 0)]
    [InlineData("\"abc\"", 0)]
    [InlineData("\"NaN\"", 0)]
    [InlineData("-3", 0)]
    [InlineData("2147483", 2147483000)]
    [InlineData("2147484", 0)]
    [InlineData("1e300", 0)]
    [InlineData("{}", 0)]
    public Task Response_time_is_the_time_spent_in_whole_milliseconds(string seconds, int milliseconds) =>
        ReadsAsync($$"""{"time_spent_sec": {{seconds}}}""", "response_time_ms", milliseconds);

    [Theory]
    [InlineData("2", true)]
    [InlineData("0", false)]
    [InlineData("\"1\"", true)]
    [InlineData("0.5", true)]
    [InlineData("-1", false)]
    [InlineData("\"many\"", false)]
    [InlineData("null", false)]
    public Task A_hint_was_used_when_the_count_is_above_zero(string hints, bool used) =>
        ReadsAsync($$"""{"used_hints": {{hints}}}""", "hint_used", used);

    [Theory]
    [InlineData("""{"topic": "algebra"}""", "algebra")]
    [InlineData("""{"topic": ""}""", null)]
    [InlineData("{}", null)]
    public Task An_empty_topic_is_null(string answer, string? topic) => ReadsAsync(answer, "topic_id", topic);

    [Fact]
    public async Task An_attempt_is_completed_when_the_result_was_updated_else_created_and_began_the_time_spent_before()
    {
        var database = await view.BeginAsync();
        await AddAsync(database, """[{"question_id": 1, "time_spent_sec": 90.5}]""", updated: "'2026-01-02 00:00+00'");
        const string Times = "select completed_at::text, started_at::text from public.v1";
        Assert.Equal(["2026-01-02 00:00:00+00|2026-01-01 23:58:29.5+00"], await database.RowsAsync(Times));
        await database.ExecuteAsync("update public.exam_results set updated_at = null");
        Assert.Equal(["2026-01-01 00:00:00+00|2025-12-31 23:58:29.5+00"], await database.RowsAsync(Times));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\"seven\"")]
    [InlineData("1.5")]
    [InlineData("9223372036854775808")]
    [InlineData("1e400")]
    [InlineData("[1]")]
    public async Task A_question_without_an_id_that_is_a_bigint_is_left_out(string id)
    {
        var database = await view.BeginAsync();
        await AddAsync(database, $$"""[{"question_id": {{id}}}, {"topic": "none"}, {"question_id": -5}]""");
        Assert.Equal(["-5"], await database.RowsAsync("select item_id from public.v1"));
    }

    [Fact]
    public async Task Attempts_are_numbered_by_time_then_by_result_and_repeats_in_one_result_by_their_place()
    {
        var database = await view.BeginAsync();
        await AddAsync(database, """[{"question_id": 1}]""", result: "ffffffff-0000-0000-0000-000000000000");
        await AddAsync(
            database,
            """[{"question_id": 1, "topic": "b"}, {"question_id": 1, "topic": "c"}]""",
            result: "0fffffff-0000-0000-0000-000000000000"
        );
        await AddAsync(
            database,
            """[{"question_id": 1, "topic": "a"}, {"question_id": 2}]""",
            updated: "'2025-06-01 00:00+00'"
        );
        Assert.Equal(
            ["1|a", "2|b", "3|c", "4|"],
            await database.RowsAsync("select attempt_no, topic_id from public.v1 where item_id = 1 order by attempt_no")
        );
    }

    [Fact]
    public async Task No_result_json_breaks_a_reader()
    {
        var database = await view.BeginAsync();
        string[] documents =
        [
            "{}",
            "[]",
            "5",
            "null",
            """{"questions": null}""",
            """{"questions": {"question_id": 1}}""",
            """{"questions": "none"}""",
            """{"questions": [null, 5, "x", [], {}]}""",
            """{"questions": [{"question_id": 1, "time_spent_sec": "abc", "used_hints": "abc", "is_correct": {}}]}""",
            """{"questions": [{"question_id": 1e100, "time_spent_sec": 1e1000, "used_hints": 1e1000}]}""",
            $$"""{"questions": [{"question_id": "{{new string('9', 200_000)}}", "topic": []}]}""",
            $$"""{"questions": [{"question_id": 2, "time_spent_sec": "1.{{new string('1', 200_000)}}"}]}""",
        ];
        foreach (var document in documents)
        {
            await database.ExecuteAsync(
                $"insert into public.exam_results (id, result_json) values (gen_random_uuid(), '{document}')"
            );
        }

        Assert.Equal(2, (await database.RowsAsync("select * from public.v1")).Count);
    }

    private async Task ReadsAsync<T>(string answer, string column, T expected)
    {
        var database = await view.BeginAsync();
        var question = JsonNode.Parse(answer)!.AsObject();
        question["question_id"] = 1;
        await AddAsync(database, $"[{question.ToJsonString()}]");
        Assert.Equal(expected, await database.ScalarAsync<T>($"select {column} from public.v1"));
    }

    private static Task AddAsync(
        TestDatabase database,
        string questions,
        string user = "'student-1'",
        string updated = "null",
        string result = Result
    ) =>
        database.ExecuteAsync(
            $$"""
            insert into public.exam_results (id, session_id, user_id, result_json, created_at, updated_at)
            values ('{{result}}', '{{result}}', {{user}}, '{"questions": {{questions}}}', '2026-01-01 00:00+00', {{updated}})
            """
        );

    private static string Md5(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));

    private static long Hash(string text) =>
        BinaryPrimitives.ReadInt64BigEndian(MD5.HashData(Encoding.UTF8.GetBytes(text)));
}
