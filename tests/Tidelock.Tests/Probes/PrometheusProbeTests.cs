using Microsoft.AspNetCore.Http;
using Tidelock.Probes;
using Tidelock.Probes.Prometheus;

namespace Tidelock.Tests.Probes;

public sealed class PrometheusProbeTests
{
    [Fact]
    public async Task One_series_is_a_value_at_the_time_the_server_names()
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var sample = await AskAsync(200, Vector($$$"""{"metric":{},"value":[{{{Seconds(at)}}},"0.031"]}"""));
        Assert.Equal(Sample.Of("s", at, 0.031), sample);
    }

    [Fact]
    public async Task A_scalar_is_a_value()
    {
        var sample = await AskAsync(
            200,
            $$$"""{"status":"success","data":{"resultType":"scalar","result":[{{{Now}}},"42"]}}"""
        );
        Assert.Equal(42, sample.Value);
    }

    [Fact]
    public async Task A_value_older_than_the_lookback_is_no_data()
    {
        var old = Vector(
            $$$"""{"metric":{},"value":[{{{Seconds(TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(1))}}},"1"]}"""
        );
        await using var server = await StubServer.SayingAsync(200, old);
        Assert.Equal(1, (await Reading.OneAsync(Probe(server.Address))).Value);
        var stale = await Reading.OneAsync(Probe(server.Address) with { Lookback = TimeSpan.FromSeconds(30) });
        Assert.Equal((SampleOutcome.NoData, "probes.prometheus.stale"), (stale.Outcome, stale.Detail!.Code));
        var delayed = Probe(server.Address) with
        {
            Lookback = TimeSpan.FromSeconds(30),
            Delay = TimeSpan.FromMinutes(1),
        };
        Assert.Equal(1, (await Reading.OneAsync(delayed)).Value);
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
            $$$"""{"status":"success","warnings":["a store is down"],"data":{"resultType":"scalar","result":[{{{Now}}},"1"]}}""";
        var sample = await AskAsync(200, body);
        Assert.Equal((1, "Prometheus warns: a store is down"), (sample.Value, sample.Detail!.ToString()));
    }

    [Fact]
    public async Task A_warning_is_told_beside_the_nothing_it_may_have_caused()
    {
        var sample = await AskAsync(
            200,
            """{"status":"success","warnings":["a store is down"],"data":{"resultType":"vector","result":[]}}"""
        );
        Assert.Equal(SampleOutcome.NoData, sample.Outcome);
        Assert.Equal("the query yields no series. Prometheus warns: a store is down", sample.Detail!.ToString());
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
        using var server = new Verbose();
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System, server);
        await using var probe = Assert.Single(
            factory.Create(
                [Probe(new Uri("http://prometheus.test:9090"))],
                Reading.NoDatabase,
                "tidelock/test/1",
                TimeSpan.FromSeconds(20)
            )
        );
        var sample = Assert.Single(await probe.ReadAsync(CancellationToken.None));
        Assert.Equal((SampleOutcome.Error, "probes.too-long"), (sample.Outcome, sample.Detail!.Code));
        Assert.InRange(server.LongestRead, 1, 20_000_000);
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
        Assert.Equal((SampleOutcome.Error, "probes.unreachable"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task The_query_and_a_time_are_asked_under_the_path_of_the_server()
    {
        var asked = new TaskCompletionSource<(string Path, string Query, string Time)>();
        await using var server = await StubServer.StartAsync(async context =>
        {
            var form = await context.Request.ReadFormAsync();
            if (form["query"].ToString().StartsWith("sum", StringComparison.Ordinal))
            {
                asked.TrySetResult((context.Request.Path, form["query"].ToString(), form["time"].ToString()));
            }
        });
        await Reading.OneAsync(Probe(new Uri(server.Address, "/prometheus/"), "sum(rate(a{code=~\"5..\"}[1m]))"));
        var (path, query, time) = await asked.Task;
        Assert.Equal(("/prometheus/api/v1/query", "sum(rate(a{code=~\"5..\"}[1m]))"), (path, query));
        Assert.Matches("^[0-9]{10}(\\.[0-9]{1,3})?$", time);
    }

    [Fact]
    public async Task One_server_is_one_probe_and_a_query_that_fails_is_its_own_failure()
    {
        await using var server = await StubServer.StartAsync(async context =>
        {
            var query = (await context.Request.ReadFormAsync())["query"].ToString();
            context.Response.StatusCode = query == "good" ? 200 : 400;
            await context.Response.WriteAsync(
                query == "good"
                    ? $$$"""{"status":"success","data":{"resultType":"scalar","result":[{{{Now}}},"5"]}}"""
                    : """{"status":"error","errorType":"bad_data","error":"misspelt"}"""
            );
        });
        var samples = await Reading.AllAsync([
            Probe(server.Address, "good") with
            {
                Signal = "a",
            },
            Probe(server.Address, "bad") with
            {
                Signal = "b",
            },
        ]);
        Assert.Equal(5, samples[0].Value);
        Assert.Equal(("b", SampleOutcome.Error), (samples[1].Signal, samples[1].Outcome));
    }

    [Fact]
    public async Task The_weight_is_asked_for_the_same_moment()
    {
        var times = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using var server = await StubServer.StartAsync(async context =>
        {
            var form = await context.Request.ReadFormAsync();
            times.Add(form["time"].ToString());
            var value = form["query"] == "requests" ? "900" : "0.02";
            await context.Response.WriteAsync(
                $$$"""{"status":"success","data":{"resultType":"scalar","result":[{{{form["time"]}}},"{{{value}}}"]}}"""
            );
        });
        var sample = await Reading.OneAsync(Probe(server.Address) with { Weight = "requests" });
        Assert.Equal((0.02, 900), (sample.Value, sample.Weight));
        Assert.Single(times.Distinct(StringComparer.Ordinal));
    }

    /// <summary>The server dates a value when it was asked, and carries it on for five minutes after its points have stopped.</summary>
    [Theory]
    [InlineData(119, null, 0, SampleOutcome.Value)]
    [InlineData(121, null, 0, SampleOutcome.NoData)]
    [InlineData(121, 180, 0, SampleOutcome.Value)]
    [InlineData(121, null, 60, SampleOutcome.Value)]
    [InlineData(181, null, 60, SampleOutcome.NoData)]
    [InlineData(-3, null, 0, SampleOutcome.Value)]
    public async Task A_value_whose_points_have_stopped_is_no_data(
        int age,
        int? lookback,
        int delay,
        SampleOutcome expected
    )
    {
        await using var server = await DatedAsync(age, out var asked);
        var sample = await Reading.OneAsync(
            Probe(server.Address, "sum(rate(a[1m])) / sum(rate(b[1m]))") with
            {
                Lookback = lookback is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                Delay = TimeSpan.FromSeconds(delay),
            }
        );
        Assert.Equal(expected, sample.Outcome);
        Assert.Equal(expected is SampleOutcome.NoData ? "probes.prometheus.stale" : null, sample.Detail?.Code);
        var offset = delay > 0 ? " offset 60000ms" : "";
        Assert.Equal(
            $"label_replace(max(timestamp( a{offset} )), \"selector\", \"0\", \"\", \"\") or label_replace(max(timestamp( b{offset} )), \"selector\", \"1\", \"\", \"\")",
            Assert.Single(asked).Replace('\n', ' ')
        );
    }

    /// <summary>How far apart they were: of a single one nobody knows.</summary>
    [Theory]
    [InlineData(170, 180, null, SampleOutcome.Value)]
    [InlineData(290, 300, null, SampleOutcome.Value)]
    [InlineData(170, 180, 120, SampleOutcome.NoData)]
    [InlineData(170, 15, null, SampleOutcome.NoData)]
    [InlineData(170, 60, null, SampleOutcome.NoData)]
    [InlineData(170, 3600, null, SampleOutcome.NoData)]
    public async Task A_value_may_be_twice_as_old_as_points_are_apart(
        int age,
        int apart,
        int? lookback,
        SampleOutcome expected
    )
    {
        await using var server = await DatedAsync(age, out _, apart);
        var back = lookback is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        Assert.Equal(expected, (await Reading.OneAsync(Probe(server.Address, "a") with { Lookback = back })).Outcome);
    }

    [Fact]
    public async Task However_many_delays_there_are_the_times_of_points_are_asked_for_once_in_a_tick()
    {
        await using var server = await DatedAsync(200, out var asked);
        var late = Probe(server.Address, "a") with { Delay = TimeSpan.FromSeconds(140) };
        var samples = await Reading.AllAsync([late, Probe(server.Address, "b") with { Signal = "other" }]);
        Assert.Equal([1.0, 1.0], samples.Select(s => s.Value));
        Assert.Equal(
            "label_replace(max(timestamp( a offset 140000ms )), \"selector\", \"0\", \"\", \"\") or label_replace(max(timestamp( b )), \"selector\", \"1\", \"\", \"\")",
            Assert.Single(asked).Replace('\n', ' ')
        );
    }

    /// <summary>The server finds points of the first series by itself, and those of the second nowhere.</summary>
    [Fact]
    public async Task Only_for_what_has_no_newer_points_the_last_hour_is_asked_for()
    {
        await using var server = await DatedAsync(75, out var asked);
        await Reading.AgesAsync([Probe(server.Address, "a")]);
        Assert.DoesNotContain("max_over_time", Assert.Single(asked), StringComparison.Ordinal);
        asked.Clear();
        var seldom = Probe(server.Address, "b") with { Signal = "seldom" };
        var ages = await Reading.AgesAsync([Probe(server.Address, "a"), seldom]);
        Assert.Equal(["s", "seldom"], ages.Select(a => a.Signal));
        Assert.All(ages, a => Assert.Equal(75, a.Value!.Value, 5.0));
        Assert.Equal(
            "label_replace(max(max_over_time(timestamp( b )[1h:1m])), \"selector\", \"0\", \"\", \"\")",
            asked[1].Replace('\n', ' ')
        );
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public async Task How_old_the_newest_points_are_is_told_for_each_signal_and_why_where_nobody_knows()
    {
        await using var server = await DatedAsync(75, out _);
        var known = await Reading.AgesAsync([
            Probe(server.Address, "a") with
            {
                Signal = "known",
            },
            Probe(server.Address, "b") with
            {
                Signal = "other",
            },
            Probe(server.Address, "vector(1)") with
            {
                Signal = "without",
            },
        ]);
        Assert.Equal(["known", "other"], known.Select(s => s.Signal));
        Assert.All(known, s => Assert.Equal(75, s.Value!.Value, 5.0));

        await using var empty = await StubServer.SayingAsync(200, Vector(""));
        var unknown = Assert.Single(await Reading.AgesAsync([Probe(empty.Address, "a")]));
        Assert.Equal("probes.prometheus.empty", unknown.Detail?.Code);

        await using var refusing = await StubServer.SayingAsync(403, "<html>No</html>");
        var refused = Assert.Single(await Reading.AgesAsync([Probe(refusing.Address, "a")]));
        Assert.Equal(
            (SampleOutcome.Error, "s", "probes.prometheus.not-understood"),
            (refused.Outcome, refused.Signal, refused.Detail?.Code)
        );
    }

    [Fact]
    public async Task A_machine_whose_clock_is_behind_asks_by_the_servers_and_gets_what_is_of_now()
    {
        var times = new List<double>();
        var ahead = TimeSpan.FromMinutes(4);
        await using var server = await StubServer.StartAsync(
            new AheadTime(ahead),
            async context =>
            {
                var form = await context.Request.ReadFormAsync();
                times.Add(double.Parse(form["time"]!, System.Globalization.CultureInfo.InvariantCulture));
                await context.Response.WriteAsync(
                    $$$"""{"status":"success","data":{"resultType":"scalar","result":[{{{form["time"]}}},"7"]}}"""
                );
            }
        );
        var before = TimeProvider.System.GetUtcNow();
        var sample = await Reading.OneAsync(Probe(server.Address, "vector(7)"));
        Assert.Equal((7, SourceClock.Differs), (sample.Value, sample.Detail?.Code));
        Assert.Equal(240, times[1] - times[0], 8.0);
        Assert.InRange(sample.At - before, TimeSpan.FromSeconds(-2), TimeSpan.FromSeconds(10));
    }

    /// <summary>Answers 1, and that the newest points of the first series are so old, and those of before so far apart.</summary>
    private static Task<StubServer> DatedAsync(int age, out List<string> asked, int apart = 3600)
    {
        var queries = asked = [];
        return StubServer.StartAsync(async context =>
        {
            var form = await context.Request.ReadFormAsync();
            if (!form["query"].ToString().StartsWith("label_replace", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync(Vector($$$"""{"metric":{},"value":[{{{form["time"]}}},"1"]}"""));
                return;
            }

            if (context.Request.Path.Value!.EndsWith("query_range", StringComparison.Ordinal))
            {
                var (start, end, step) = (Number(form["start"]!), Number(form["end"]!), Number(form["step"]!));
                var points = Enumerable
                    .Range(0, (int)((end - start) / step) + 1)
                    .Select(i => start + (i * step))
                    .Select(at =>
                        (At: at, Newest: end - age - (Math.Max(0, Math.Ceiling((end - age - at) / apart)) * apart))
                    )
                    .Select(p =>
                        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"[{p.At},\"{p.Newest}\"]")
                    );
                var series = $$$"""{"metric":{"selector":"0"},"values":[{{{string.Join(',', points)}}}]}""";
                await context.Response.WriteAsync(
                    $$$"""{"status":"success","data":{"resultType":"matrix","result":[{{{series}}}]}}"""
                );
                return;
            }

            queries.Add(form["query"].ToString());
            var newest = Seconds(TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(age));
            await context.Response.WriteAsync(
                Vector($$$"""{"metric":{"selector":"0"},"value":[{{{form["time"]}}},"{{{newest}}}"]}""")
            );
        });
    }

    private sealed class AheadTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }

    [Theory]
    [InlineData(400, """{"status":"error","error":"parse error"}""", SampleOutcome.Error)]
    [InlineData(
        200,
        """{"status":"success","data":{"resultType":"scalar","result":[9999999999,"-1"]}}""",
        SampleOutcome.Error
    )]
    [InlineData(200, """{"status":"success","data":{"resultType":"vector","result":[]}}""", SampleOutcome.NoData)]
    public async Task A_value_whose_weight_is_not_known_is_none(int status, string weight, SampleOutcome outcome)
    {
        await using var server = await StubServer.StartAsync(async context =>
        {
            var isWeight = (await context.Request.ReadFormAsync())["query"] == "requests";
            context.Response.StatusCode = isWeight ? status : 200;
            await context.Response.WriteAsync(
                isWeight
                    ? weight
                    : $$$"""{"status":"success","data":{"resultType":"scalar","result":[{{{Now}}},"0.5"]}}"""
            );
        });
        var sample = await Reading.OneAsync(Probe(server.Address) with { Weight = "requests" });
        Assert.Equal(
            (null, outcome, "probes.prometheus.no-weight"),
            (sample.Value, sample.Outcome, sample.Detail!.Code)
        );
    }

    [Fact]
    public async Task A_past_value_without_its_weight_is_none()
    {
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var server = await StubServer.StartAsync(async context =>
        {
            var values =
                (await context.Request.ReadFormAsync())["query"] == "requests"
                    ? """[1767225600,"9"]"""
                    : """[1767225600,"1"],[1767225605,"2"]""";
            await context.Response.WriteAsync(
                $$$"""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[{{{values}}}]}]}}"""
            );
        });
        var query = Probe(server.Address) with { Weight = "requests" };
        var samples = await Reading.RangeAsync(query, from, from + TimeSpan.FromSeconds(5));
        Assert.Equal([(1, 9), (null, null)], samples.Select(s => (s.Value, s.Weight)));
        Assert.Equal(
            (SampleOutcome.NoData, "probes.prometheus.no-weight"),
            (samples[1].Outcome, samples[1].Detail?.Code)
        );
    }

    [Fact]
    public async Task A_gateway_that_fails_at_once_is_asked_once_more()
    {
        var asked = 0;
        await using var server = await StubServer.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref asked) == 1 ? 503 : 200;
            return context.Response.WriteAsync(
                $$$"""{"status":"success","data":{"resultType":"scalar","result":[{{{Now}}},"7"]}}"""
            );
        });
        Assert.Equal(7, (await Reading.OneAsync(Probe(server.Address, "vector(7)"))).Value);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task The_past_has_a_sample_for_each_point_the_server_has_and_none_where_it_has_none()
    {
        var from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var asked = new TaskCompletionSource<string>();
        await using var server = await StubServer.StartAsync(async context =>
        {
            var form = await context.Request.ReadFormAsync();
            asked.TrySetResult($"{context.Request.Path} {form["start"]} {form["end"]} {form["step"]}");
            await context.Response.WriteAsync(
                """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1767225600,"1"],[1767225605,"NaN"],[1767225620,"3"]]}]}}"""
            );
        });
        var samples = await Reading.RangeAsync(Probe(server.Address), from, from + TimeSpan.FromSeconds(20));
        Assert.Equal("/api/v1/query_range 1767225600 1767225620 5", await asked.Task);
        Assert.Equal([1, null, 3], samples.Select(s => s.Value));
        Assert.Equal([0, 5, 20], samples.Select(s => (s.At - from).TotalSeconds));
        Assert.Equal(SampleOutcome.NoData, samples[1].Outcome);
    }

    [Theory]
    [InlineData(200, """{"status":"success","data":{"resultType":"matrix","result":[]}}""", SampleOutcome.NoData)]
    [InlineData(
        200,
        """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1,"1"]]},{"metric":{},"values":[]}]}}""",
        SampleOutcome.Error
    )]
    [InlineData(200, """{"status":"success","data":{"resultType":"vector","result":[]}}""", SampleOutcome.Error)]
    [InlineData(200, "<html>", SampleOutcome.Error)]
    [InlineData(422, """{"status":"error","error":"too many points"}""", SampleOutcome.Error)]
    public async Task A_past_that_cannot_be_told_is_one_sample_that_says_why(
        int status,
        string body,
        SampleOutcome outcome
    )
    {
        await using var server = await StubServer.SayingAsync(status, body);
        var to = TimeProvider.System.GetUtcNow();
        var sample = Assert.Single(await Reading.RangeAsync(Probe(server.Address), to - TimeSpan.FromMinutes(5), to));
        Assert.Equal(outcome, sample.Outcome);
        Assert.InRange(to - sample.At, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task What_is_not_complete_yet_is_no_past()
    {
        var asked = new TaskCompletionSource<string>();
        await using var server = await StubServer.StartAsync(async context =>
            asked.TrySetResult((await context.Request.ReadFormAsync())["end"].ToString())
        );
        var to = TimeProvider.System.GetUtcNow();
        var delayed = Probe(server.Address) with { Delay = TimeSpan.FromMinutes(2) };
        await Reading.RangeAsync(delayed, to - TimeSpan.FromMinutes(5), to);
        var end = double.Parse(await asked.Task, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(to.ToUnixTimeMilliseconds() / 1000.0 - end, 115, 121);
        Assert.Empty(await Reading.RangeAsync(delayed, to - TimeSpan.FromMinutes(1), to));
    }

    [Fact]
    public async Task The_lookback_is_asked_of_the_server()
    {
        var asked = new TaskCompletionSource<string>();
        await using var server = await StubServer.StartAsync(async context =>
            asked.TrySetResult((await context.Request.ReadFormAsync())["lookback_delta"].ToString())
        );
        await Reading.OneAsync(Probe(server.Address, "vector(1)") with { Lookback = TimeSpan.FromSeconds(90) });
        Assert.Equal("90000ms", await asked.Task);
    }

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string Now => Seconds(TimeProvider.System.GetUtcNow());

    private static string Seconds(DateTimeOffset at) =>
        (at.ToUnixTimeMilliseconds() / 1000.0).ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);

    private static string Vector(string series) =>
        $$$"""{"status":"success","data":{"resultType":"vector","result":[{{{series}}}]}}""";

    private static async Task<Sample> AskAsync(int status, string body)
    {
        await using var server = await StubServer.SayingAsync(status, body);
        return await Reading.OneAsync(Probe(server.Address));
    }

    private static PrometheusProbeOptions Probe(Uri server, string query = "up") =>
        new("s", SignalUnit.Unstated, new HttpAccess(server), query);

    /// <summary>Answers with a hundred megabytes, and counts how much of it is read.</summary>
    private sealed class Verbose : HttpMessageHandler
    {
        private readonly List<Counted> bodies = [];

        public long LongestRead => bodies.Max(b => b.Position);

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            bodies.Add(new Counted());
            return Task.FromResult(new HttpResponseMessage { Content = new StreamContent(bodies[^1]) });
        }

        private sealed class Counted : Stream
        {
            private long position;

            public override bool CanRead => true;
            public override bool CanSeek => false;
            public override bool CanWrite => false;
            public override long Length => throw new NotSupportedException();

            public override long Position
            {
                get => position;
                set => throw new NotSupportedException();
            }

            public override int Read(byte[] buffer, int offset, int count)
            {
                var read = (int)Math.Min(count, 100_000_000 - position);
                position += read;
                return read;
            }

            public override void Flush() { }

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();

            public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        }
    }
}
