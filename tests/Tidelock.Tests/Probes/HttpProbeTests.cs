using Microsoft.AspNetCore.Http;
using Tidelock.Probes;
using Tidelock.Probes.Http;
using Tidelock.Probes.Postgres;

namespace Tidelock.Tests.Probes;

public sealed class HttpProbeTests
{
    [Fact]
    public async Task The_latency_of_an_answer_is_a_value_in_seconds()
    {
        await using var server = await StubServer.StartAsync(async context =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(60), TimeProvider.System, context.RequestAborted);
            await context.Response.WriteAsync("ok");
        });
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Seconds, new HttpAccess(server.Address), HttpMeasure.Latency)
        );
        Assert.Equal(SampleOutcome.Value, sample.Outcome);
        Assert.InRange(sample.Value!.Value, 0.05, 20);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(503)]
    public async Task A_failing_server_has_no_latency(int status)
    {
        await using var server = await StubServer.SayingAsync(status, "");
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Seconds, new HttpAccess(server.Address), HttpMeasure.Latency)
        );
        Assert.Equal((SampleOutcome.Error, "probes.http.status"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task A_failing_server_has_a_status()
    {
        await using var server = await StubServer.SayingAsync(503, "");
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Number, new HttpAccess(server.Address), HttpMeasure.Status)
        );
        Assert.Equal(503, sample.Value);
    }

    [Theory]
    [InlineData(200, 0.0)]
    [InlineData(302, 0.0)]
    [InlineData(404, 1.0)]
    [InlineData(503, 1.0)]
    [InlineData(401, null)]
    [InlineData(429, null)]
    public async Task An_answer_is_an_error_or_none_unless_it_is_about_who_asks(int status, double? value)
    {
        await using var server = await StubServer.SayingAsync(status, "");
        Assert.Equal(value, (await Reading.OneAsync(Errors(server.Address))).Value);
    }

    [Fact]
    public async Task A_host_where_nobody_listens_any_more_is_an_error_that_users_see_and_a_name_that_is_unknown_is_not()
    {
        var server = await StubServer.SayingAsync(200, "");
        var address = server.Address;
        await server.DisposeAsync();
        Assert.Equal(1, (await Reading.OneAsync(Errors(address))).Value);
        var unknown = await Reading.OneAsync(Errors(new Uri("http://nowhere.invalid/")));
        Assert.Equal((SampleOutcome.Error, null), (unknown.Outcome, unknown.Value));
    }

    private static HttpProbeOptions Errors(Uri address) =>
        new("s", SignalUnit.Ratio, new HttpAccess(address), HttpMeasure.Errors);

    [Theory]
    [InlineData(HttpMeasure.Latency, null, "probes.http.status")]
    [InlineData(HttpMeasure.Json, null, "probes.http.status")]
    [InlineData(HttpMeasure.Status, 302.0, null)]
    public async Task A_redirect_is_not_followed(HttpMeasure measure, double? value, string? code)
    {
        var seen = 0;
        await using var other = await StubServer.StartAsync(context =>
        {
            Interlocked.Increment(ref seen);
            return context.Response.WriteAsync("""{"a": 1}""");
        });
        await using var server = await StubServer.StartAsync(context =>
        {
            context.Response.Redirect(other.Address.ToString());
            return Task.CompletedTask;
        });
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Unstated, new HttpAccess(server.Address), measure)
            {
                Json = JsonPath.TryParse("a"),
            }
        );
        Assert.Equal((value, code), (sample.Value, sample.Detail?.Code));
        Assert.Equal(0, seen);
    }

    [Theory]
    [InlineData("queue.length", 12.0, null)]
    [InlineData("shards[1].lag", 0.5, null)]
    [InlineData("[0]", null, "probes.http.nothing-there")]
    [InlineData("text", 7.25, null)]
    [InlineData("up", 1.0, null)]
    [InlineData("nothing", null, "probes.http.nothing-there")]
    [InlineData("queue.absent", null, "probes.http.nothing-there")]
    [InlineData("shards[9].lag", null, "probes.http.nothing-there")]
    [InlineData("queue.length.more", null, "probes.http.nothing-there")]
    [InlineData("queue", null, "probes.http.not-a-number")]
    [InlineData("words", null, "probes.http.not-a-number")]
    public async Task A_number_is_found_in_json_by_its_path(string path, double? value, string? code)
    {
        await using var server = await StubServer.SayingAsync(
            200,
            """{"queue":{"length":12},"shards":[{"lag":0},{"lag":0.5}],"text":"7.25","up":true,"nothing":null,"words":"many"}"""
        );
        var sample = await Reading.OneAsync(Json(server, path));
        Assert.Equal((value, code), (sample.Value, sample.Detail?.Code));
    }

    [Theory]
    [InlineData(200, "<html>Log in</html>", "probes.http.not-json")]
    [InlineData(200, "{\"a\": ", "probes.http.not-json")]
    [InlineData(200, "{\"a\": 1e999}", "probes.not-a-number")]
    [InlineData(404, "{\"a\": 1}", "probes.http.status")]
    [InlineData(503, "", "probes.http.status")]
    public async Task An_answer_without_the_number_is_never_a_value(int status, string body, string code)
    {
        await using var server = await StubServer.SayingAsync(status, body);
        var sample = await Reading.OneAsync(Json(server, "a"));
        Assert.Equal((null, code), (sample.Value, sample.Detail?.Code));
    }

    [Fact]
    public async Task A_time_out_is_an_error()
    {
        await using var server = await StubServer.StartAsync(c =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted)
        );
        var options = new HttpProbeOptions(
            "s",
            SignalUnit.Seconds,
            new HttpAccess(server.Address),
            HttpMeasure.Latency
        );
        var sample = await Reading.OneAsync(options, TimeSpan.FromMilliseconds(250));
        Assert.Equal((SampleOutcome.Error, "probes.too-late"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_an_error()
    {
        var sample = await Reading.OneAsync(
            new PostgresProbeOptions("s", SignalUnit.Number, PostgresSignal.Connections)
        );
        Assert.Equal(SampleOutcome.Error, sample.Outcome);
        Assert.StartsWith("postgres.connect.", sample.Detail!.Code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_watch_cancels_its_probes()
    {
        await using var server = await StubServer.StartAsync(c =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted)
        );
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System);
        var options = new HttpProbeOptions(
            "s",
            SignalUnit.Seconds,
            new HttpAccess(server.Address),
            HttpMeasure.Latency
        );
        await using var probe = Assert.Single(
            factory.Create([options], Reading.NoDatabase, "t", TimeSpan.FromMinutes(1))
        );
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe.ReadAsync(cancel.Token));
    }

    private static HttpProbeOptions Json(StubServer server, string path) =>
        new("s", SignalUnit.Unstated, new HttpAccess(server.Address), HttpMeasure.Json)
        {
            Json = JsonPath.TryParse(path),
        };
}
