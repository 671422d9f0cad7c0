using Tidelock.Probes;
using Tidelock.Probes.Kubernetes;
using Tidelock.Programs;

namespace Tidelock.Tests.Probes;

/// <summary>The real kubectl against a server that speaks the API.</summary>
public sealed class KubernetesProbeTests
{
    [Fact]
    public async Task Lines_with_the_text_are_counted_once_in_every_pod()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Pods["one"] = [Line("error before the first look")];
        api.Pods["two"] = [];
        var time = new SettableTime();
        var probe = Probe(api, time);

        var first = await OneAsync(probe);
        Assert.Equal((SampleOutcome.NoData, "probes.kubernetes.first-look"), (first.Outcome, first.Detail!.Code));

        api.Pods["one"].Add(Line("ERROR: one"));
        api.Pods["one"].Add(Line("all is well"));
        api.Pods["two"].Add(Line("an Error too"));
        api.Pods["new"] = [Line("error in a pod that came later")];
        time.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(0.3, (await OneAsync(probe)).Value!.Value, 3);

        time.Pass(TimeSpan.FromSeconds(10));
        api.Pods.Remove("two");
        Assert.Equal(0, (await OneAsync(probe)).Value);
    }

    [Fact]
    public async Task A_look_that_failed_loses_no_line()
    {
        await using var api = await KubernetesApi.StartAsync();
        api.Pods["one"] = [];
        var time = new SettableTime();
        var probe = Probe(api, time);
        await OneAsync(probe);
        api.Pods["one"].Add(Line("error"));
        api.Status = 401;
        time.Pass(TimeSpan.FromSeconds(5));
        var e = await Assert.ThrowsAsync<TidelockException>(() => OneAsync(probe));
        Assert.Equal("probes.kubernetes.failed", e.Problem.Code);
        api.Status = null;
        time.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(0.1, (await OneAsync(probe)).Value!.Value, 3);
    }

    [Fact]
    public async Task A_workload_without_pods_is_no_data_and_not_zero_errors()
    {
        await using var api = await KubernetesApi.StartAsync();
        var sample = await OneAsync(Probe(api, new SettableTime()));
        Assert.Equal((SampleOutcome.NoData, "probes.kubernetes.no-pod"), (sample.Outcome, sample.Detail!.Code));
    }

    private static (DateTimeOffset, string) Line(string text) => (TimeProvider.System.GetUtcNow(), text);

    private static KubernetesProbe Probe(KubernetesApi api, TimeProvider time) =>
        new(
            new KubernetesProbeOptions("s", SignalUnit.PerSecond, "deployment/seedtest-api", "production", "error"),
            new ProbeContext(Reading.NoDatabase, "test", TimeSpan.FromSeconds(5), time, new HttpClientHandler())
        )
        {
            Kubectl = new ChildProgram(
                "kubectl",
                [],
                new Dictionary<string, string?>(StringComparer.Ordinal) { ["KUBECONFIG"] = api.Config }
            ),
        };

    private static async Task<Sample> OneAsync(KubernetesProbe probe) => Assert.Single(await probe.ReadAsync(default));

    /// <summary>A clock whose elapsed time a test sets.</summary>
    private sealed class SettableTime : TimeProvider
    {
        private TimeSpan passed;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time) => passed += time;

        public override long GetTimestamp() => passed.Ticks;
    }
}
