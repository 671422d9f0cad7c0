using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Examples;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Contents;

/// <summary>What the attempt view's change to V1 makes of its rows, as the example's own change.yaml declares it.</summary>
public sealed class AttemptContentTests(PostgresServer server)
{
    private static readonly ContentSide Old = ContentSide.Of(new RelationName("public", "attempt"));
    private static readonly ContentSide V1 = ContentSide.Inlined(AttemptViewExample.Read("attempt.sql"), "public");

    [Fact]
    public async Task V1_changes_every_id_and_the_student_of_those_without_a_uuid_and_nothing_else()
    {
        await using var bench = await BenchAsync("attempt-view-v1");
        await AttemptViewExample.LoadAsync(bench.Database, 600);
        var strangers = await bench.Database.ScalarAsync<long>(
            """
            select count(*) from exam_results r, jsonb_array_elements(r.result_json -> 'questions')
            where coalesce(r.user_id, '') !~ '^[0-9a-f-]{36}$'
            """
        );

        var (found, _) = await bench.ComparisonAsync("seedtest", Old, V1);

        Assert.Null(found.Problem);
        Assert.True(found.AsDeclared, found.Summary.ToString());
        Assert.Equal((6000, 6000), (found.OldRows, found.NewRows));
        Assert.Equal(
            [("id", (long?)6000), ("student_id", strangers)],
            found.Columns.Where(c => c.Standing == ContentStanding.Changed).Select(c => (c.Name, c.Rows))
        );
        Assert.Equal(7, found.Columns.Count(c => c.Standing == ContentStanding.Same));
        Assert.InRange(strangers, 1, 5999);
    }

    [Theory]
    [InlineData("::integer as attempt_no", "::integer + 1 as attempt_no", "attempt_no")]
    [InlineData("* 1000)::integer", "* 100)::integer", "response_time_ms")]
    [InlineData("coalesce(result.updated_at, result.created_at)", "result.created_at", "completed_at", "started_at")]
    [InlineData("nullif(question.body ->> 'topic', '')", "question.body ->> 'topic'", "topic_id")]
    public async Task A_slip_in_the_definition_is_found_before_it_is_deployed(
        string right,
        string wrong,
        params string[] columns
    )
    {
        await using var bench = await BenchAsync("attempt-view-v1");
        await AttemptViewExample.LoadAsync(bench.Database, 100);
        var slip = AttemptViewExample.Read("attempt.sql").Replace(right, wrong, StringComparison.Ordinal);
        var (found, _) = await bench.ComparisonAsync("seedtest", Old, ContentSide.Inlined(slip, "public"));
        Assert.False(found.AsDeclared);
        Assert.Equal(columns, found.Columns.Where(c => !c.IsAllowed).Select(c => c.Name));
    }

    [Fact]
    public async Task One_result_that_repeats_a_question_makes_the_key_useless_and_that_is_said()
    {
        await using var bench = await BenchAsync("attempt-view-v1");
        await AttemptViewExample.LoadAsync(bench.Database, 10);
        await bench.Database.ExecuteAsync(
            """
            insert into exam_results (id, session_id, user_id, result_json)
            values (gen_random_uuid(), 'twice', 'kim', '{"questions": [{"question_id": 7}, {"question_id": 7}]}')
            """
        );
        var (found, _) = await bench.ComparisonAsync("seedtest", Old, V1);
        Assert.Equal("contracts.compare.key-doubles", found.Problem?.Code);
        Assert.Contains("(twice,7)", found.Problem!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bad_change_of_the_demo_has_the_rows_of_V1()
    {
        await using var bench = await BenchAsync("attempt-view-v1/bad");
        await AttemptViewExample.LoadAsync(bench.Database, 300);
        var bad = ContentSide.Inlined(AttemptViewExample.Read("bad/attempt.sql"), "public");
        var (found, _) = await bench.ComparisonAsync("seedtest", V1, bad);
        Assert.True(found.AsDeclared, found.Summary.ToString());
    }

    private async Task<ContentBench> BenchAsync(string folder)
    {
        var bench = await ContentBench.CreateAsync(server);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DATABASE_URL"] = bench.Database.Uri,
        };
        var path = Path.Combine(AttemptViewExample.Folder, "..", folder);
        var environment = folder.EndsWith("bad", StringComparison.Ordinal) ? "demo-production" : "production";
        variables["DEMO_PRODUCTION_URL"] = bench.Database.Uri;
        variables["API_URL"] = "http://localhost";
        variables["DEMO_BACKUPS"] = "/tmp";
        var reading = TidelockServices.ChangeLoader.Load(path, environment, variables);
        Assert.Empty(reading.Mistakes);
        bench.Options = reading.Change!.Section<CompareOptions>();
        return bench;
    }
}
