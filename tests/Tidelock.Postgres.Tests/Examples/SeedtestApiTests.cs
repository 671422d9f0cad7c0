using System.Diagnostics;
using System.Net;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Examples;

public sealed class SeedtestApiTests(PostgresServer server)
{
    private static readonly Uri Health = new("/healthz", UriKind.Relative);

    [Fact]
    public async Task It_answers_alike_from_the_older_view_and_from_V1_except_for_the_ids()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 300);
        await using var api = await SeedtestApi.StartAsync(database.Uri);
        var student = await StudentAsync(database);
        var older = await api.Client.GetStringAsync(student);
        await database.ExecuteAsync(AttemptViewExample.Read("up.sql"));
        var v1 = await api.Client.GetStringAsync(student);
        Assert.NotEqual(older, v1);
        Assert.Equal(WithoutIds(older), WithoutIds(v1));
        Assert.Equal(2, await api.MetricAsync("http_requests_total{code=\"200\"}"));
        Assert.Equal(2, await api.MetricAsync("http_request_duration_seconds_bucket{le=\"+Inf\"}"));
    }

    [Fact]
    public async Task It_fails_and_slows_down_as_told_until_it_is_reset()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 30);
        await using var api = await SeedtestApi.StartAsync(database.Uri);
        var student = await StudentAsync(database);
        await api.Client.GetStringAsync(new Uri("/fail?rate=0.5", UriKind.Relative));
        await api.Client.GetStringAsync(new Uri("/slow?ms=200", UriKind.Relative));
        // A timer may go off a little early.
        var clock = Stopwatch.StartNew();
        HttpStatusCode[] answers = [await StatusAsync(api, student), await StatusAsync(api, student)];
        Assert.True(clock.ElapsedMilliseconds >= 380, $"{clock.ElapsedMilliseconds} ms");
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.InternalServerError], answers.Order());
        await api.Client.GetStringAsync(new Uri("/reset", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, student));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, student));
    }

    [Fact]
    public async Task A_view_that_breaks_is_answered_with_500_while_the_program_stays_healthy()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 30);
        await using var api = await SeedtestApi.StartAsync(database.Uri);
        var student = await StudentAsync(database);
        await database.ExecuteAsync(AttemptViewExample.Read("up.sql"));
        await database.ExecuteAsync(
            "create or replace view public.attempt as\n" + AttemptViewExample.Read("bad/attempt.sql")
        );
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, student));
        await database.ExecuteAsync(AttemptViewExample.Read("bad/arriving.sql"));
        Assert.Equal(HttpStatusCode.InternalServerError, await StatusAsync(api, student));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, Health));
    }

    [Fact]
    public async Task Its_own_load_moves_its_metrics()
    {
        await using var database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 300);
        await using var api = await SeedtestApi.StartAsync(database.Uri, "--self-load", "20/s");
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await api.MetricAsync("http_requests_total{code=\"200\"}") < 5)
        {
            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task Without_a_database_it_says_what_is_missing()
    {
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => SeedtestApi.StartAsync(""));
        Assert.Contains("DATABASE_URL", e.Message, StringComparison.Ordinal);
    }

    private static async Task<Uri> StudentAsync(TestDatabase database)
    {
        var user = await database.ScalarAsync<string>(
            "select min(user_id) from public.exam_results where user_id like '%-%-%-%-%'"
        );
        return new Uri($"/attempts/{user}", UriKind.Relative);
    }

    private static async Task<HttpStatusCode> StatusAsync(SeedtestApi api, Uri path)
    {
        using var answer = await api.Client.GetAsync(path);
        return answer.StatusCode;
    }

    private static IEnumerable<string> WithoutIds(string json) =>
        System
            .Text.Json.JsonDocument.Parse(json)
            .RootElement.EnumerateArray()
            .Select(a => $"{a.GetProperty("itemId")} {a.GetProperty("attemptNo")} {a.GetProperty("completedAt")}")
            .Order(StringComparer.Ordinal);
}
