using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Tidelock.Probes;
using Tidelock.Probes.Datadog;

namespace Tidelock.Tests.Probes;

/// <summary>A server that speaks Datadog's documented protocol.</summary>
public sealed class DatadogProbeTests
{
    /// <summary>At :30 of a minute, so that buckets of 20 s begin at :00, :20, :40.</summary>
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 10, 30, TimeSpan.Zero);

    private readonly FakeTimeProvider time = new(Now);

    [Fact]
    public async Task All_queries_are_asked_in_one_request_with_the_keys_in_its_headers()
    {
        var asked = new List<string>();
        await using var server = await StubServer.StartAsync(
            time,
            context =>
            {
                var q = context.Request.Query;
                var headers = context.Request.Headers;
                asked.Add(
                    $"{context.Request.Method} {context.Request.Path} {q["query"]} {long.Parse(q["to"]!, CultureInfo.InvariantCulture) - Now.ToUnixTimeSeconds()} {headers["DD-API-KEY"]} {headers["DD-APPLICATION-KEY"]}"
                );
                return context.Response.WriteAsync(Ok(Series(0, 20, (70, 1)), Series(1, 20, (70, 2))));
            }
        );
        var samples = await ReadAsync(server, Query("a", "avg:cpu{host:a,env:b}"), Query("b", "sum:hits{*}"));
        Assert.Equal(["GET /api/v1/query avg:cpu{host:a,env:b},sum:hits{*} 0 the-api-key the-application-key"], asked);
        Assert.Equal([("a", 1.0), ("b", 2.0)], samples.Select(s => (s.Signal, s.Value!.Value)));
    }

    [Fact]
    public async Task The_value_is_that_of_the_bucket_which_holds_the_time_and_the_one_still_open_is_never_used()
    {
        await using var server = await StubServer.SayingAsync(
            time,
            200,
            Ok(Series(0, 20, (110, 1), (90, 2), (70, 3), (50, 4), (30, 5), (10, 900)))
        );
        var minute = Assert.Single(await ReadAsync(server, Query("a", "q")));
        Assert.Equal((3, Now - TimeSpan.FromMinutes(1)), (minute.Value, minute.At));
        var hasty = Query("a", "q") with { Delay = TimeSpan.FromSeconds(1) };
        var newest = Assert.Single(await ReadAsync(server, hasty));
        Assert.Equal((5, Now - TimeSpan.FromSeconds(10)), (newest.Value, newest.At));
    }

    [Theory]
    [InlineData("""{"status":"ok","series":[]}""", SampleOutcome.NoData, "probes.datadog.empty")]
    [InlineData(
        """{"status":"ok","series":[{"interval":20,"query_index":0,"pointlist":[[1767226210000,null]]}]}""",
        SampleOutcome.NoData,
        "probes.datadog.stale"
    )]
    [InlineData(
        """{"status":"ok","series":[{"interval":20,"pointlist":[[1767225800000,4.0]]}]}""",
        SampleOutcome.NoData,
        "probes.datadog.stale"
    )]
    [InlineData(
        """{"status":"ok","series":[{"interval":20,"scope":"pod:a","pointlist":[]},{"interval":20,"scope":"pod:b","pointlist":[]}]}""",
        SampleOutcome.Error,
        "probes.datadog.several-series"
    )]
    [InlineData(
        """{"status":"error","error":"unable to parse","series":[]}""",
        SampleOutcome.Error,
        "probes.datadog.error"
    )]
    [InlineData("<html>", SampleOutcome.Error, "probes.datadog.not-understood")]
    [InlineData("""{"status":"ok","series":[{"inter""", SampleOutcome.Error, "probes.datadog.not-understood")]
    [InlineData("""{"status":"ok","series":[{}]}""", SampleOutcome.Error, "probes.datadog.not-understood")]
    [InlineData(
        """{"status":"ok","series":[{"interval":20,"pointlist":[[1767226210000]]}]}""",
        SampleOutcome.Error,
        "probes.datadog.not-understood"
    )]
    public async Task An_answer_without_a_value_is_never_a_value(string body, SampleOutcome outcome, string code)
    {
        await using var server = await StubServer.SayingAsync(time, 200, body);
        var sample = Assert.Single(await ReadAsync(server, Query("a", "q")));
        Assert.Equal((outcome, code), (sample.Outcome, sample.Detail!.Code));
    }

    [Theory]
    [InlineData(403, "Forbidden")]
    [InlineData(429, "Rate limit of 100 requests in 3600 seconds reached")]
    public async Task A_refusal_is_an_error_in_datadogs_words_and_without_the_keys(int status, string words)
    {
        await using var server = await StubServer.SayingAsync(time, status, $$"""{"errors":["{{words}}"]}""");
        var sample = Assert.Single(await ReadAsync(server, Query("a", "q")));
        Assert.Equal($"Datadog answered {status}: {words}", sample.Detail!.ToString());
        Assert.DoesNotContain("the-api-key", Query("a", "q").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_fails_at_once_is_asked_once_more_within_the_tick()
    {
        var asked = 0;
        await using var server = await StubServer.StartAsync(
            TimeProvider.System,
            async context =>
            {
                context.Response.StatusCode = Interlocked.Increment(ref asked) == 1 ? 503 : 200;
                var ended = TimeProvider.System.GetUtcNow().AddSeconds(-70).ToUnixTimeMilliseconds();
                await context.Response.WriteAsync(
                    Ok($$"""{"query_index":0,"interval":20,"scope":"*","pointlist":[[{{ended}},7.0]]}""")
                );
            }
        );
        var query = Query("a", "q");
        var sample = await Reading.OneAsync(query with { Access = query.Access with { Address = server.Address } });
        Assert.Equal((7, 2), (sample.Value, asked));
    }

    [Fact]
    public async Task A_query_that_is_refused_is_wrong_alone()
    {
        await using var server = await StubServer.StartAsync(
            time,
            context =>
            {
                var isRefused = context
                    .Request.Query["query"]
                    .ToString()
                    .Contains("misspelt", StringComparison.Ordinal);
                context.Response.StatusCode = isRefused ? 400 : 200;
                return context.Response.WriteAsync(
                    isRefused ? """{"errors":["Error parsing query"]}""" : Ok(Series(0, 20, (70, 8)))
                );
            }
        );
        var samples = await ReadAsync(server, Query("a", "misspelt"), Query("b", "good"));
        Assert.Equal((SampleOutcome.Error, 8), (samples[0].Outcome, samples[1].Value));
    }

    [Fact]
    public async Task The_past_has_a_sample_per_step_where_a_complete_bucket_has_a_value()
    {
        await using var server = await StubServer.SayingAsync(
            time,
            200,
            Ok(Series(0, 20, (130, 1), (110, 2), (70, 3), (50, 4), (10, 900)))
        );
        await using var probe = (IRangeProbe)Open(server, Query("a", "q"));
        var samples = await probe.ReadRangeAsync(
            Now - TimeSpan.FromSeconds(130),
            Now,
            TimeSpan.FromSeconds(10),
            default
        );
        Assert.Equal([1, 1, 2, 2, 2, 3, 3], samples.Select(s => s.Value!.Value));
        Assert.Equal([130, 120, 110, 100, 90, 70, 60], samples.Select(s => (Now - s.At).TotalSeconds));
    }

    [Fact]
    public async Task A_formula_is_asked_with_its_named_queries()
    {
        var asked = new List<string>();
        await using var server = await StubServer.StartAsync(
            time,
            async context =>
            {
                var (request, headers) = (context.Request, context.Request.Headers);
                using var body = await JsonDocument.ParseAsync(request.Body);
                var data = body.RootElement.GetProperty("data");
                var a = data.GetProperty("attributes");
                asked.Add(
                    $"{request.Method} {request.Path} {headers["DD-API-KEY"]} {headers["DD-APPLICATION-KEY"]} {data.GetProperty("type")} {a.GetProperty("queries").GetRawText()} {a.GetProperty("formulas").GetRawText()} {a.GetProperty("to").GetInt64() - Now.ToUnixTimeMilliseconds()}"
                );
                await context.Response.WriteAsync(Formula([110, 90, 70, 50, 10], "[1,2,0.03,null,900]"));
            }
        );
        var sample = Assert.Single(await ReadAsync(server, Share));
        Assert.Equal((0.03, Now - TimeSpan.FromMinutes(1)), (sample.Value, sample.At));
        Assert.Equal(
            [
                """POST /api/v2/query/timeseries the-api-key the-application-key timeseries_request [{"data_source":"metrics","name":"errors_0","query":"sum:e{*}"},{"data_source":"metrics","name":"hits_0","query":"sum:h{*}"}] [{"formula":"errors_0 / hits_0"}] 0""",
            ],
            asked
        );
    }

    /// <summary>Each calls another query `hits`; Datadog numbers its series by the formulas.</summary>
    [Fact]
    public async Task All_formulas_are_asked_in_one_request_and_one_that_is_refused_is_wrong_alone()
    {
        var asked = new List<string>();
        var isStrict = false;
        await using var server = await StubServer.StartAsync(
            time,
            async context =>
            {
                using var body = await JsonDocument.ParseAsync(context.Request.Body);
                var a = body.RootElement.GetProperty("data").GetProperty("attributes");
                var formulas = a.GetProperty("formulas")
                    .EnumerateArray()
                    .Select(f => f.GetProperty("formula").GetString()!);
                var queries = a.GetProperty("queries")
                    .EnumerateArray()
                    .Select(q => $"{q.GetProperty("name")}={q.GetProperty("query")}");
                asked.Add(string.Join(' ', queries.Concat(formulas)));
                var isRefused = isStrict && formulas.Any(f => f.StartsWith("abs(", StringComparison.Ordinal));
                context.Response.StatusCode = isRefused ? 400 : 200;
                await context.Response.WriteAsync(
                    isRefused ? """{"errors":["Invalid formula"]}"""
                    : formulas.Count() == 2 ? Formulas([90, 70, 50], "[1,8,3]", "[4,9,6]")
                    : Formulas([90, 70, 50], "[1,8,3]")
                );
            }
        );
        DatadogProbeOptions[] both =
        [
            Share,
            Query("other", "abs(hits) * 2") with
            {
                Named = new Dictionary<string, string>(StringComparer.Ordinal) { ["hits"] = "sum:other{*}" },
            },
        ];
        var samples = await ReadAsync(server, both);
        Assert.Equal([("share", 8.0), ("other", 9.0)], samples.Select(s => (s.Signal, s.Value!.Value)));
        Assert.Equal(
            ["errors_0=sum:e{*} hits_0=sum:h{*} hits_1=sum:other{*} errors_0 / hits_0 abs(hits_1) * 2"],
            asked
        );
        isStrict = true;
        samples = await ReadAsync(server, both);
        Assert.Equal((8.0, "probes.datadog.error"), (samples[0].Value!.Value, samples[1].Detail!.Code));
        Assert.Equal(4, asked.Count);
    }

    /// <summary>Buckets of 20 s give four samples each, so that a quarter of their requests is behind one.</summary>
    [Fact]
    public async Task How_many_requests_are_behind_a_value_is_asked_beside_it_and_counted_once()
    {
        var asked = new List<string>();
        await using var server = await StubServer.StartAsync(
            time,
            async context =>
            {
                using var body = await JsonDocument.ParseAsync(context.Request.Body);
                var formulas = body.RootElement.GetProperty("data").GetProperty("attributes").GetProperty("formulas");
                asked.AddRange(formulas.EnumerateArray().Select(f => f.GetProperty("formula").GetString()!));
                await context.Response.WriteAsync(
                    Formulas([90, 70, 50], "[1,0.5,3]", "[100,40,80]", "[7,7,7]", "[1,null,1]")
                );
            }
        );
        var counted = Share with { Weight = "hits" };
        var samples = await ReadAsync(server, counted, counted with { Signal = "unknown" });
        Assert.Equal(["errors_0 / hits_0", "hits_0", "errors_1 / hits_1", "hits_1"], asked);
        Assert.Equal((0.5, 10.0), (samples[0].Value, samples[0].Weight));
        Assert.Equal((SampleOutcome.NoData, "probes.datadog.no-weight"), (samples[1].Outcome, samples[1].Detail!.Code));

        await using var probe = (IRangeProbe)Open(server, counted);
        var past = await probe.ReadRangeAsync(
            Now - TimeSpan.FromSeconds(90),
            Now - TimeSpan.FromSeconds(70),
            TimeSpan.FromSeconds(10),
            default
        );
        Assert.Equal([(1.0, 50.0), (1.0, 50.0), (0.5, 20.0)], past.Select(s => (s.Value!.Value, s.Weight!.Value)));
    }

    [Fact]
    public async Task Queries_that_stand_alone_are_counted_by_queries_that_do_too()
    {
        var asked = "";
        await using var server = await StubServer.StartAsync(
            time,
            context =>
            {
                asked = context.Request.Query["query"];
                return context.Response.WriteAsync(
                    Ok(Series(0, 20, (70, 0.5)), Series(1, 20, (70, 40)), Series(2, 20, (70, 3)))
                );
            }
        );
        var samples = await ReadAsync(server, Query("share", "a / b") with { Weight = "b" }, Query("plain", "c"));
        Assert.Equal(
            [("share", 0.5, 10.0), ("plain", 3.0, null)],
            samples.Select(s => (s.Signal, s.Value!.Value, s.Weight))
        );
        Assert.Equal("a / b,b,c", asked);
    }

    [Fact]
    public async Task Half_an_answer_to_a_formula_is_an_error_and_so_is_a_refused_key()
    {
        await using var half = await StubServer.SayingAsync(time, 200, Formula([70, 50], "[1,2]")[..60]);
        Assert.Equal("probes.datadog.not-understood", Assert.Single(await ReadAsync(half, Share)).Detail!.Code);
        await using var refusing = await StubServer.SayingAsync(time, 403, """{"errors":["Forbidden"]}""");
        var refused = Assert.Single(await ReadAsync(refusing, Share));
        Assert.Equal("Datadog answered 403: Forbidden", refused.Detail!.ToString());
    }

    /// <summary>The newest bucket is still being filled, and one with null has no value.</summary>
    [Fact]
    public async Task A_formula_never_uses_a_bucket_that_is_open_or_empty()
    {
        await using var server = await StubServer.SayingAsync(time, 200, Formula([70, 50, 30, 10], "[1,2,null,900]"));
        var hasty = Share with { Delay = TimeSpan.FromSeconds(1) };
        Assert.Equal("probes.datadog.stale", Assert.Single(await ReadAsync(server, hasty)).Detail!.Code);
        var later = Share with { Delay = TimeSpan.FromSeconds(35) };
        Assert.Equal(2, Assert.Single(await ReadAsync(server, later)).Value);
        await using var probe = (IRangeProbe)Open(server, later);
        var past = await probe.ReadRangeAsync(Now - TimeSpan.FromSeconds(70), Now, TimeSpan.FromSeconds(20), default);
        Assert.Equal([(1, 70), (2, 50)], past.Select(s => ((int)s.Value!.Value, (int)(Now - s.At).TotalSeconds)));
    }

    [Theory]
    [InlineData("""{"data":{"attributes":{"series":[]}}}""", SampleOutcome.NoData, "probes.datadog.empty")]
    [InlineData(
        """{"data":{"attributes":{"series":[{"query_index":0}],"times":[1767226170000],"values":[[4]]}}}""",
        SampleOutcome.NoData,
        "probes.datadog.stale"
    )]
    [InlineData(
        """{"data":{"attributes":{"series":[{"group_tags":["pod:a"]},{"group_tags":["pod:b"]}],"times":[1,2],"values":[[4,5],[6,7]]}}}""",
        SampleOutcome.Error,
        "probes.datadog.several-series"
    )]
    [InlineData(
        """{"data":{"attributes":{"series":[{}],"times":[1,2],"values":[[4]]}}}""",
        SampleOutcome.Error,
        "probes.datadog.not-understood"
    )]
    [InlineData(
        """{"data":{"attributes":{"series":[{}],"times":[1,2]}}}""",
        SampleOutcome.Error,
        "probes.datadog.not-understood"
    )]
    [InlineData(
        """{"data":{"attributes":{"series":[]}},"errors":"query timed out"}""",
        SampleOutcome.Error,
        "probes.datadog.error"
    )]
    public async Task A_formulas_answer_without_a_value_is_never_a_value(
        string body,
        SampleOutcome outcome,
        string code
    )
    {
        await using var server = await StubServer.SayingAsync(time, 200, body);
        var sample = Assert.Single(await ReadAsync(server, Share));
        Assert.Equal((outcome, code), (sample.Outcome, sample.Detail!.Code));
    }

    /// <summary>That of `b` is reported seldom, and says nothing about how late they come.</summary>
    [Fact]
    public async Task How_late_values_come_is_told_by_the_newest_bucket_that_is_over_of_all_queries()
    {
        var asked = "";
        await using var server = await StubServer.StartAsync(
            time,
            context =>
            {
                asked = context.Request.Query["from"].ToString();
                return context.Response.WriteAsync(
                    Ok(Series(0, 20, (190, 1), (170, 2), (10, 900)), Series(1, 20, (1000, 5)))
                );
            }
        );
        await using var probe = (IRangeProbe)Open(server, Query("a", "q"), Query("b", "r"), Query("c", "s"));
        var ages = await probe.ReadAgesAsync(default);
        Assert.Equal([("a", 150.0), ("b", 150.0), ("c", null)], ages.Select(s => (s.Signal, s.Value)));
        Assert.Equal("probes.datadog.empty", ages[2].Detail!.Code);
        Assert.Equal(Now.AddHours(-1).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), asked);
    }

    [Fact]
    public async Task A_machine_whose_clock_is_behind_asks_by_datadogs_and_gets_what_is_of_now()
    {
        var asked = new List<long>();
        var theirs = new FakeTimeProvider(Now.AddMinutes(4));
        await using var server = await StubServer.StartAsync(
            theirs,
            context =>
            {
                asked.Add(long.Parse(context.Request.Query["to"]!, CultureInfo.InvariantCulture));
                return context.Response.WriteAsync(Ok(Series(0, 20, (70, 1), (-170, 2), (-190, 3))));
            }
        );
        var sample = Assert.Single(await ReadAsync(server, Query("a", "q")));
        Assert.Equal([Now.ToUnixTimeSeconds(), Now.AddMinutes(4).ToUnixTimeSeconds()], asked);
        Assert.Equal((2, SourceClock.Differs), (sample.Value, sample.Detail?.Code));
        Assert.Equal(60, (Now - sample.At).TotalSeconds, 0.6);
    }

    private static DatadogProbeOptions Share =>
        Query("share", "errors / hits") with
        {
            Named = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["errors"] = "sum:e{*}",
                ["hits"] = "sum:h{*}",
            },
        };

    private static string Formula(int[] secondsAgo, string values) => Formulas(secondsAgo, values);

    private static string Formulas(int[] secondsAgo, params string[] values)
    {
        var times = string.Join(',', secondsAgo.Select(s => (Now - TimeSpan.FromSeconds(s)).ToUnixTimeMilliseconds()));
        var series = values.Select(
            (_, index) =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"group_tags":[],"query_index":{{index}},"unit":null}"""
                )
        );
        return $$"""
            {"data":{"id":"0","type":"timeseries_response","attributes":{
              "series":[{{string.Join(',', series)}}],"times":[{{times}}],"values":[{{string.Join(',', values)}}]
            } } }
            """;
    }

    private static DatadogProbeOptions Query(string signal, string query) =>
        new(
            signal,
            SignalUnit.Unstated,
            new DatadogAccess(new Uri("http://127.0.0.1:1"))
            {
                ApiKey = "the-api-key",
                ApplicationKey = "the-application-key",
            },
            query
        )
        {
            Delay = TimeSpan.FromMinutes(1),
        };

    private static string Ok(params string[] series) =>
        $$"""{"status":"ok","res_type":"time_series","from_date":1,"to_date":2,"series":[{{string.Join(',', series)}}]}""";

    private static string Series(int index, int interval, params (int SecondsAgo, double Value)[] points)
    {
        var list = string.Join(
            ',',
            points.Select(p =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"[{(Now - TimeSpan.FromSeconds(p.SecondsAgo)).ToUnixTimeMilliseconds()}.0,{p.Value:0.0}]"
                )
            )
        );
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"metric":"m","query_index":{{index}},"interval":{{interval}},"scope":"*","length":{{points.Length}},"pointlist":[{{list}}]}"""
        );
    }

    private IProbe Open(StubServer server, params DatadogProbeOptions[] queries) =>
        Assert.Single(
            new ProbeFactory(TidelockServices.ProbeKinds, time).Create(
                [.. queries.Select(q => q with { Access = q.Access with { Address = server.Address } })],
                Reading.NoDatabase,
                "tidelock/test/1",
                TimeSpan.FromSeconds(5)
            )
        );

    private async Task<IReadOnlyList<Sample>> ReadAsync(StubServer server, params DatadogProbeOptions[] queries)
    {
        await using var probe = Open(server, queries);
        return await probe.ReadAsync(default);
    }
}
