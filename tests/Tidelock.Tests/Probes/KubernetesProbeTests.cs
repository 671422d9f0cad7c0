using System.Diagnostics;
using Tidelock.Probes;
using Tidelock.Probes.Kubernetes;
using Tidelock.Programs;

namespace Tidelock.Tests.Probes;

/// <summary>The real kubectl against a server that speaks the API.</summary>
public sealed class KubernetesProbeTests
{
    private const double Tick = 10;
    private static readonly WorkloadName Workload = new("deployment/seedtest-api", "production");
    private static readonly KubernetesProbeOptions Errors = Lines("errors", new LineFilter("error", null, null));

    private readonly SettableTime time = new();
    private readonly Dictionary<string, double> counted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> toldAt = new(StringComparer.Ordinal);

    [Fact]
    public async Task Lines_with_the_text_are_counted_once_in_every_pod()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one", "error before the first look");
        api.Add("two");
        await using var probe = Probe(
            api,
            Errors,
            Lines("fatal", new LineFilter(null, "^FATAL [0-9]+$", null)),
            Lines("proxy", new LineFilter("error", null, "proxy"))
        );
        Assert.All(
            await ReadAsync(probe),
            s => Assert.Equal((SampleOutcome.NoData, "probes.kubernetes.first-look"), (s.Outcome, s.Detail!.Code))
        );
        await UntilAsync(() => api.Following == 4);

        api.Log("one", "ERROR: one");
        api.Log("one", "all is well");
        api.Log("two", "an Error too");
        api.Log("two", "error of the proxy", "proxy");
        api.Log("two", "FATAL 42");
        api.Log("two", "not FATAL 42");
        api.Add("new", "error in a pod that came later");
        Assert.Equal([4, 1, 1], await CountAsync(probe, [4, 1, 1]));

        api.Log("two", "error: going down");
        api.Remove("two");
        Assert.Equal([1, 0, 0], await CountAsync(probe, [1, 0, 0]));
        Assert.Equal(6, api.Followed);
        await UntilAsync(() => api.Following == 4);
    }

    [Fact]
    public async Task A_stream_that_is_cut_goes_on_where_it_was_and_counts_nothing_twice()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        api.Log("one", "error 1");
        Assert.Equal([1], await CountAsync(probe, [1]));
        api.CutStreams();
        await UntilAsync(() => api.Following == 0);
        api.Log("one", "error 2");
        Assert.Equal([1], await CountAsync(probe, [1]));
        Assert.Equal(4, api.Followed);
    }

    [Fact]
    public async Task A_container_that_starts_again_is_read_to_its_end_and_followed_anew()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one", "error of long ago");
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        api.Log("one", "error 1");
        Assert.Equal([1], await CountAsync(probe, [1]));

        // Nobody follows it while it says its last word and comes again; of two lives in one look the first is found all the same.
        api.CutStreams();
        await UntilAsync(() => api.Following == 0);
        api.Log("one", "error: going down");
        api.Restart("one");
        api.Log("one", "error: coming up");
        Assert.Equal([2], await CountAsync(probe, [2]));
        await UntilAsync(() => api.Following == 2);
        api.Log("one", "error 2");
        Assert.Equal([1], await CountAsync(probe, [1]));
    }

    [Fact]
    public async Task A_container_that_waits_to_be_started_again_is_not_zero_lines()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        api.Add("two");
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 4);
        api.Log("one", "error: going down");
        api.Crash("one");
        Assert.Equal([1], await CountAsync(probe, [1], looksMore: 0));
        await UnseenAsync(probe, "probes.kubernetes.waits", "CrashLoopBackOff");

        // What is seen of the others is told all the same: it is at least so much.
        api.Log("two", "error 2");
        Assert.Equal([1], await CountAsync(probe, [1], looksMore: 0));
        api.Restart("one");
        Assert.Equal([0], await CountAsync(probe, [0]));
    }

    [Fact]
    public async Task A_container_that_never_began_is_not_zero_lines()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        api.AddWaiting("two", "ImagePullBackOff");
        await using var probe = Probe(api, Errors, Lines("proxy", new LineFilter("error", null, "proxy")));
        await ReadAsync(probe);
        await UnseenAsync(probe, "probes.kubernetes.waits", "ImagePullBackOff");
        api.Restart("two");
        api.Log("two", "error in its first line");
        Assert.Equal([1, 0], await CountAsync(probe, [1, 0]));
    }

    [Fact]
    public async Task A_life_that_no_look_has_met_is_not_zero_lines()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        api.Restart("one");
        api.Restart("one");
        api.Restart("one");
        await UnseenAsync(probe, "probes.kubernetes.skipped", "one");
        Assert.Equal([0], await CountAsync(probe, [0]));
    }

    [Fact]
    public async Task A_last_life_whose_log_the_node_removed_is_an_error_for_one_look()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        api.ForgetPrevious("one");
        api.Restart("one");
        Sample? sample = null;
        await UntilAsync(async () => (sample = (await ReadAsync(probe))[0]).Outcome is SampleOutcome.Error);
        Assert.Contains("previous terminated container", sample!.Detail!.ToString(), StringComparison.Ordinal);
        Assert.Equal([0], await CountAsync(probe, [0]));
    }

    [Fact]
    public async Task Access_that_comes_late_loses_no_line()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        api.LogStatus = 403;
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        api.Log("one", "error while nobody may look");

        // A kubectl that comes only when everybody may look follows from then on, and the line is one from before.
        await UntilAsync(() => api.Refused == 2);
        await UntilAsync(async () => (await ReadAsync(probe))[0].Outcome is SampleOutcome.Error);

        // More than a quarter of an hour, after which kubectl begins anew by itself.
        time.Pass(TimeSpan.FromMinutes(20));
        api.LogStatus = null;
        Assert.Equal([1], await CountAsync(probe, [1]));
    }

    [Fact]
    public async Task Nothing_is_followed_after_the_end()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        await probe.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAsync(probe));
        Assert.Equal(2, api.Followed);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, "probes.kubernetes.failed")]
    public async Task An_api_that_fails_is_asked_once_more_within_the_tick(int failures, string? code)
    {
        await using var api = await KubernetesApi.StartAsync();
        api.FailuresLeft = failures;
        await using var probe = Probe(
            api,
            new KubernetesProbeOptions("missing", SignalUnit.Number, Workload, KubernetesMeasure.Unavailable)
        );
        IReadOnlyList<Sample> samples = [];
        var failure = await Record.ExceptionAsync(async () => samples = await ReadAsync(probe));
        Assert.Equal(code, (failure as TidelockException)?.Problem.Code);
        Assert.Equal(code is null ? [0.0] : [], samples.Select(s => s.Value!.Value));
        Assert.Equal(0, api.FailuresLeft);
    }

    [Fact]
    public async Task A_login_that_expires_is_an_error_and_loses_no_line()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        api.Status = 401;
        api.CutStreams();
        await UntilAsync(() => api.Following == 0);
        api.Log("one", "error");
        var e = await Assert.ThrowsAsync<TidelockException>(() => ReadAsync(probe));
        Assert.Equal("probes.kubernetes.failed", e.Problem.Code);
        Assert.Contains("credentials", e.Problem.ToString(), StringComparison.Ordinal);
        api.Status = null;
        Assert.Equal([1], await CountAsync(probe, [1]));
    }

    [Fact]
    public async Task Logs_that_may_not_be_read_are_an_error_and_not_zero_lines()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        api.LogStatus = 403;
        await using var probe = Probe(api, Errors);
        await ReadAsync(probe);
        Sample? sample = null;
        await UntilAsync(async () => (sample = (await ReadAsync(probe))[0]).Outcome is SampleOutcome.Error);
        Assert.Equal("probes.kubernetes.log", sample!.Detail!.Code);
        Assert.Contains("forbidden", sample.Detail.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_first_look_counts_back_as_far_as_the_author_says()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one", "error 1", "error 2");
        await using var probe = Probe(api, Errors with { Since = TimeSpan.FromSeconds(30) });
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        Assert.Equal(2.0, await SumAsync(probe, 30, 2), 6);
    }

    [Fact]
    public async Task Streams_end_with_the_watch()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        var probe = Probe(api, Errors);
        await ReadAsync(probe);
        await UntilAsync(() => api.Following == 2);
        await probe.DisposeAsync();
        await UntilAsync(() => api.Following == 0);
    }

    [Fact]
    public async Task A_workload_without_pods_is_no_data_and_not_zero_errors()
    {
        await using var api = await KubernetesApi.StartAsync();
        await using var probe = Probe(api, Errors, Of("restarts", KubernetesMeasure.Restarts));
        Assert.All(
            await ReadAsync(probe),
            s => Assert.Equal((SampleOutcome.NoData, "probes.kubernetes.no-pod"), (s.Outcome, s.Detail!.Code))
        );
    }

    [Fact]
    public async Task Restarts_are_a_rate_and_replicas_are_told_as_they_are()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Add("one");
        await using var probe = Probe(
            api,
            Of("restarts", KubernetesMeasure.Restarts),
            Of("unavailable", KubernetesMeasure.Unavailable),
            Of("rollout", KubernetesMeasure.Rollout)
        );
        Assert.Equal([null, 0, 1], (await ReadAsync(probe)).Select(s => s.Value));
        api.Restart("one");
        api.Restart("one");
        api.Replicas = """
            "replicas":3},"status":{"observedGeneration":3,"replicas":4,"updatedReplicas":1,"availableReplicas":1}}
            """;
        Assert.Equal([0.2, 2, 0], (await ReadAsync(probe)).Select(s => s.Value));
        api.Replicas = """
            "replicas":2},"status":{"observedGeneration":2,"replicas":2,"updatedReplicas":2,"availableReplicas":2}}
            """;
        Assert.Equal([0, 0, 0], (await ReadAsync(probe)).Select(s => s.Value));
    }

    [Fact]
    public async Task A_kubectl_that_is_not_there_is_an_error()
    {
        await using var probe = new GuardedProbe(
            new KubernetesProbe([Errors], Context, new ChildProgram("no-such-kubectl")),
            Context
        );
        var sample = Assert.Single(await probe.ReadAsync(default));
        Assert.Equal((SampleOutcome.Error, "programs.not-found"), (sample.Outcome, sample.Detail!.Code));
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{\"items\": [")]
    [InlineData("{}")]
    [InlineData("{\"spec\": []}")]
    public void What_is_not_understood_is_said_so(string json) =>
        Assert.Equal(
            "probes.kubernetes.not-understood",
            Assert.Throws<TidelockException>(() => KubernetesWorkload.Of(json)).Problem.Code
        );

    private static KubernetesProbeOptions Lines(string signal, LineFilter filter) =>
        Of(signal, KubernetesMeasure.ErrorLines) with
        {
            Lines = filter,
        };

    private static KubernetesProbeOptions Of(string signal, KubernetesMeasure measure) =>
        new(signal, SignalUnit.PerSecond, Workload, measure);

    private ProbeContext Context =>
        new(Reading.NoDatabase, "test", TimeSpan.FromSeconds(30), time, new HttpClientHandler());

    private KubernetesProbe Probe(KubernetesApi api, params KubernetesProbeOptions[] signals) =>
        new(
            signals,
            Context,
            new ChildProgram(
                "kubectl",
                [],
                new Dictionary<string, string?>(StringComparer.Ordinal)
                {
                    ["KUBECONFIG"] = api.Config,
                    ["KUBECACHEDIR"] = api.Cache,
                }
            )
        );

    private async Task<IReadOnlyList<Sample>> ReadAsync(KubernetesProbe probe)
    {
        time.Pass(TimeSpan.FromSeconds(Tick));
        var samples = await probe.ReadAsync(default);
        var now = time.GetTimestamp();
        foreach (var sample in samples)
        {
            var elapsed = time.GetElapsedTime(toldAt.GetValueOrDefault(sample.Signal, now), now).TotalSeconds;
            counted[sample.Signal] = counted.GetValueOrDefault(sample.Signal) + ((sample.Value ?? 0) * elapsed);
            toldAt[sample.Signal] = sample.Value is null ? toldAt.GetValueOrDefault(sample.Signal, now) : now;
        }

        return samples;
    }

    /// <summary>How many lines the looks to come count, by signal: until there are so many, and some looks more.</summary>
    private async Task<IEnumerable<int>> CountAsync(KubernetesProbe probe, int[] expected, int looksMore = 2)
    {
        var before = probe.Signals.Select(s => counted[s]).ToList();
        IEnumerable<double> Counted() => probe.Signals.Zip(before, (s, b) => counted[s] - b);
        await UntilAsync(async () =>
        {
            await ReadAsync(probe);
            return Counted().Zip(expected).All(c => c.First >= c.Second - 0.001);
        });
        for (var i = 0; i < looksMore; i++)
        {
            await ReadAsync(probe);
        }

        return [.. Counted().Select(c => (int)Math.Round(c))];
    }

    /// <summary>The lines of the first value, which stands for some seconds more than a tick, and of those after it.</summary>
    private async Task<double> SumAsync(KubernetesProbe probe, double more, double expected)
    {
        var sum = (await ReadAsync(probe))[0].Value!.Value * (Tick + more);
        await UntilAsync(async () =>
        {
            sum += (await ReadAsync(probe))[0].Value!.Value * Tick;
            return sum >= expected - 0.001;
        });
        return sum;
    }

    private async Task UnseenAsync(KubernetesProbe probe, string code, string word)
    {
        Sample? sample = null;
        await UntilAsync(async () => (sample = (await ReadAsync(probe))[0]).Outcome is SampleOutcome.NoData);
        Assert.Equal(code, sample!.Detail!.Code);
        Assert.Contains(word, sample.Detail.ToString(), StringComparison.Ordinal);
    }

    private static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var waited = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), "It did not come true within 2 minutes.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>A clock whose elapsed time a test sets.</summary>
    private sealed class SettableTime : TimeProvider
    {
        private TimeSpan passed;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan by) => passed += by;

        public override long GetTimestamp() => passed.Ticks;
    }
}
