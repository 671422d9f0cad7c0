using Tidelock.Probes;
using Tidelock.Probes.Prometheus;

namespace Tidelock.Tests.Probes;

public sealed class PrometheusProbeTests
{
    [Fact]
    public async Task One_series_is_a_value_at_the_time_the_server_names()
    {
        var sample = await AskAsync(200, Vector("""{"metric":{},"value":[1767225600.25,"0.031"]}"""));
        Assert.Equal(Sample.Of("s", new DateTimeOffset(2026, 1, 1, 0, 0, 0, 250, TimeSpan.Zero), 0.031), sample);
    }

    [Fact]
    public async Task A_scalar_is_a_value()
    {
        var sample = await AskAsync(
            200,
            """{"status":"success","data":{"resultType":"scalar","result":[1767225600,"42"]}}"""
        );
        Assert.Equal(42, sample.Value);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("+Inf")]
    [InlineData("-Inf")]
    public async Task What_is_not_a_number_is_no_data(string value)
    {
        var sample = await AskAsync(200, Vector($$"""{"metric":{},"value":[1767225600,"{{value}}"]}"""));
        Assert.Equal((SampleOutcome.NoData, "probes.not-a-number"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task No_series_is_no_data()
    {
        var sample = await AskAsync(200, Vector(""));
        Assert.Equal((SampleOutcome.NoData, "probes.prometheus.empty"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task Two_series_are_an_error_that_names_them()
    {
        var sample = await AskAsync(
            200,
            Vector("""{"metric":{"pod":"a"},"value":[1,"1"]},{"metric":{"pod":"b"},"value":[1,"2"]}""")
        );
        Assert.Equal((SampleOutcome.Error, "probes.prometheus.several-series"), (sample.Outcome, sample.Detail!.Code));
        Assert.Contains("""{"pod":"b"}""", sample.Detail.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warnings_are_kept_with_the_value()
    {
        var body =
            """{"status":"success","warnings":["a store is down"],"data":{"resultType":"scalar","result":[1,"1"]}}""";
        var sample = await AskAsync(200, body);
        Assert.Equal((1, "Prometheus warns: a store is down"), (sample.Value, sample.Detail!.ToString()));
    }

    [Theory]
    [InlineData(400, """{"status":"error","errorType":"bad_data","error":"parse error"}""", "probes.prometheus.error")]
    [InlineData(
        503,
        """{"status":"error","errorType":"timeout","error":"query timed out"}""",
        "probes.prometheus.error"
    )]
    [InlineData(
        500,
        """{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}""",
        "probes.prometheus.error"
    )]
    [InlineData(200, "<html><body>Log in</body></html>", "probes.prometheus.not-understood")]
    [InlineData(200, """{"status":"success","data":{"resultType":"vec""", "probes.prometheus.not-understood")]
    [InlineData(200, "[]", "probes.prometheus.not-understood")]
    [InlineData(200, "{}", "probes.prometheus.not-understood")]
    [InlineData(200, "null", "probes.prometheus.not-understood")]
    [InlineData(200, "", "probes.prometheus.not-understood")]
    [InlineData(502, "Bad gateway", "probes.prometheus.not-understood")]
    [InlineData(200, """{"status":"success","data":{"resultType":"matrix","result":[]}}""", "probes.prometheus.type")]
    [InlineData(
        200,
        """{"status":"success","data":{"resultType":"scalar","result":[1]}}""",
        "probes.prometheus.not-understood"
    )]
    [InlineData(
        200,
        """{"status":"success","data":{"resultType":"scalar","result":["x",5]}}""",
        "probes.prometheus.not-understood"
    )]
    [InlineData(
        200,
        """{"status":"success","data":{"resultType":"scalar","result":[1e300,"5"]}}""",
        "probes.prometheus.not-understood"
    )]
    [InlineData(
        200,
        """{"status":"success","data":{"resultType":"scalar","result":[1,"five"]}}""",
        "probes.prometheus.not-understood"
    )]
    public async Task Answers_that_are_no_value_are_errors(int status, string body, string code)
    {
        var sample = await AskAsync(status, body);
        Assert.Equal((SampleOutcome.Error, code), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task An_answer_of_a_hundred_megabytes_is_given_up_early()
    {
        var before = GC.GetTotalAllocatedBytes();
        await using var server = await StubServer.StartAsync(async context =>
        {
            var block = new byte[64 * 1024];
            for (var i = 0; i < 1600 && !context.RequestAborted.IsCancellationRequested; i++)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
        });
        var sample = await Reading.OneAsync(Probe(server.Address));
        Assert.Equal((SampleOutcome.Error, "probes.failed"), (sample.Outcome, sample.Detail!.Code));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 60_000_000);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_an_error_within_the_tick()
    {
        await using var server = await StubServer.StartAsync(c =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted)
        );
        var sample = await Reading.OneAsync(Probe(server.Address), TimeSpan.FromMilliseconds(250));
        Assert.Equal((SampleOutcome.Error, "probes.too-late"), (sample.Outcome, sample.Detail!.Code));
        Assert.Equal("no answer within 200 ms", sample.Detail.ToString());
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error()
    {
        var sample = await Reading.OneAsync(Probe(new Uri("http://127.0.0.1:1/")));
        Assert.Equal((SampleOutcome.Error, "probes.failed"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task The_query_and_a_time_are_asked_under_the_path_of_the_server()
    {
        var asked = new TaskCompletionSource<(string Path, string Query, string Time)>();
        await using var server = await StubServer.StartAsync(async context =>
        {
            var form = await context.Request.ReadFormAsync();
            asked.TrySetResult((context.Request.Path, form["query"].ToString(), form["time"].ToString()));
        });
        await Reading.OneAsync(Probe(new Uri(server.Address, "/prometheus/"), "sum(rate(a{code=~\"5..\"}[1m]))"));
        var (path, query, time) = await asked.Task;
        Assert.Equal(("/prometheus/api/v1/query", "sum(rate(a{code=~\"5..\"}[1m]))"), (path, query));
        Assert.Matches("^[0-9]{10}(\\.[0-9]{1,3})?$", time);
    }

    private static string Vector(string series) =>
        $$$"""{"status":"success","data":{"resultType":"vector","result":[{{{series}}}]}}""";

    private static async Task<Sample> AskAsync(int status, string body)
    {
        await using var server = await StubServer.SayingAsync(status, body);
        return await Reading.OneAsync(Probe(server.Address));
    }

    private static PrometheusProbeOptions Probe(Uri server, string query = "up") =>
        new("s", SignalUnit.Unstated, server, query);
}
