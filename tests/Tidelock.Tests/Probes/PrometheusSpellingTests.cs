using System.Globalization;
using System.Text.Json;
using Tidelock.Probes;
using Tidelock.Probes.Prometheus;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Probes;

/// <summary>A query that makes nothing zero says zero for ever where a name in it is misspelt: that is told before the change.</summary>
public sealed class PrometheusSpellingTests
{
    private const string Requests = "http_requests_total";

    [Theory]
    [InlineData("http_requests_total{status=~\"5..\"}", UnknownName.Label)]
    [InlineData("http_request_total{code=~\"5..\"}", UnknownName.Metric)]
    [InlineData("http_requests_total{code=~\"5..\"}", null)]
    [InlineData("http_requests_total{status!~\"2..\"}", null)]
    public async Task A_name_that_the_server_does_not_know_is_told_and_failures_that_are_not_there_yet_are_not(
        string failures,
        string? code
    )
    {
        await using var server = await ServerAsync();
        var age = Assert.Single(await AgesAsync(server, failures));
        Assert.Equal((SampleOutcome.Value, code), (age.Outcome, age.Detail?.Code));
        Assert.Equal(2, server.Asked.Count);
    }

    [Fact]
    public async Task Nothing_is_asked_of_names_while_all_of_them_have_points()
    {
        await using var server = await ServerAsync();
        Assert.Null(Assert.Single(await AgesAsync(server, Requests)).Detail);
        Assert.Single(server.Asked);
    }

    [Theory]
    [InlineData("<html>no such page</html>")]
    [InlineData("""{"status":"error","error":"no"}""")]
    [InlineData("""{"status":"success","data":{}}""")]
    public async Task A_server_that_does_not_tell_its_names_accuses_nobody(string answer)
    {
        await using var server = await ServerAsync(answer);
        Assert.Null(Assert.Single(await AgesAsync(server, "http_requests_total{status=\"500\"}")).Detail);
    }

    [Fact]
    public void The_step_baseline_names_what_may_be_misspelt()
    {
        var detail = Message.Of(UnknownName.Label, ("metric", Requests), ("label", "status"), ("labels", "code, job"));
        IReadOnlyList<SignalDelay> delays = [new("error_rate", TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, detail)];
        var fact = JsonSerializer.SerializeToElement(delays, RunJson.Readable.IReadOnlyListSignalDelay);
        var state = RunState.Of([new FactRecorded("baseline", RunState.DelaysFact, fact)]);
        Assert.Equal(
            "error_rate: no series of http_requests_total has a label status; there are code, job. Where that is misspelt, the query says the same whatever happens",
            TextCatalog.English.Render(SourceDelays.Told(state)!)
        );
    }

    private static Task<IReadOnlyList<Sample>> AgesAsync(RecordingServer server, string failures) =>
        Reading.AgesAsync([
            new PrometheusProbeOptions(
                "error_rate",
                SignalUnit.Ratio,
                new HttpAccess(server.Address),
                $"(sum(rate({failures}[1m])) or vector(0)) / sum(rate({Requests}[1m]))"
            ),
        ]);

    /// <summary>One that knows <see cref="Requests"/> alone, all of which succeeded.</summary>
    private static Task<RecordingServer> ServerAsync(string? labels = null) =>
        RecordingServer.StartAsync(asked =>
        {
            var form = Uri.UnescapeDataString(asked.Text.Replace('+', ' '));
            if (asked.Path.EndsWith("labels", StringComparison.Ordinal))
            {
                var known = form.Contains($"match[]={Requests}&", StringComparison.Ordinal);
                return labels
                    ?? $$"""{"status":"success","data":[{{(known ? "\"__name__\",\"code\",\"job\"" : "")}}]}""";
            }

            var index = form.Contains($"timestamp(\n{Requests}\n)), \"selector\", \"1\"", StringComparison.Ordinal)
                ? 1
                : 0;
            var now = (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0).ToString(
                CultureInfo.InvariantCulture
            );
            return $$$"""{"status":"success","data":{"resultType":"vector","result":[{"metric":{"selector":"{{{index}}}"},"value":[{{{now}}},"{{{now}}}"]}]}}""";
        });
}
