using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Tidelock.Probes;
using Tidelock.Probes.Prometheus;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Probes;

/// <summary>A real Prometheus server that scrapes a small endpoint of the test every second.</summary>
public sealed class PrometheusServerTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("tl-prometheus-").FullName;
    private readonly CancellationTokenSource over = new();
    private readonly long began = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly ReservedPort metricsPort = ReservedPort.Take();
    private readonly ReservedPort port = ReservedPort.Take();

    /// <summary>Shared: the server takes 512 connections, and one that nobody uses stays open for a minute.</summary>
    private readonly SocketsHttpHandler connections = new();
    private HttpListener metrics = null!;
    private Process prometheus = null!;
    private Task serving = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        metrics = new HttpListener { Prefixes = { Address(metricsPort).ToString() } };
        metrics.Start();
        serving = ServeAsync();
        await File.WriteAllTextAsync(
            Path.Combine(folder, "prometheus.yml"),
            $"global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs: [{{ job_name: api, static_configs: [{{ targets: ['127.0.0.1:{metricsPort.Number.ToString(CultureInfo.InvariantCulture)}'] }}] }}]\n"
        );
        prometheus = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/prometheus",
                [
                    $"--config.file={folder}/prometheus.yml",
                    $"--storage.tsdb.path={folder}/data",
                    string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port.Number}"),
                    "--log.level=error",
                ]
            )
        )!;
    }

    public async ValueTask DisposeAsync()
    {
        prometheus.Kill();
        await prometheus.WaitForExitAsync(CancellationToken.None);
        prometheus.Dispose();
        await over.CancelAsync();
        metrics.Stop();
        connections.Dispose();
        await serving;
        metricsPort.Dispose();
        port.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_real_server_gives_values_no_data_and_errors_for_what_they_are()
    {
        var value = await UntilAsync("sum(queue_length)", s => s.Outcome is SampleOutcome.Value);
        Assert.Equal(12, value.Value);
        Assert.InRange(TimeProvider.System.GetUtcNow() - value.At, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1));
        // What a scrape that failed leaves without a value is there again with the next one.
        await UntilAsync("queue_length", s => s.Detail?.Code == "probes.prometheus.several-series");
        Assert.Equal("probes.prometheus.empty", (await AskAsync("sum(nothing_of_the_sort)")).Detail!.Code);
        Assert.Equal("probes.not-a-number", (await AskAsync("vector(0) / 0")).Detail!.Code);
        Assert.Equal(4, (await AskAsync("scalar(vector(4))")).Value);
        var misspelt = await AskAsync("sum(queue_length");
        Assert.Equal((SampleOutcome.Error, "probes.prometheus.error"), (misspelt.Outcome, misspelt.Detail!.Code));
    }

    [Fact]
    public async Task A_real_server_tells_of_the_past_and_aggregates()
    {
        await UntilUnbrokenAsync();
        var (now, step) = (TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(1));
        var first = now - TimeSpan.FromSeconds(3.5);

        await using var probe = (IRangeProbe)Open(
            new("s", SignalUnit.Unstated, Server, "max(\nqueue_length # longest\n)")
        );
        var past = await probe.ReadRangeAsync(first, now, step, CancellationToken.None);
        Assert.InRange((now - first).TotalSeconds - past.Count, -1.01, 0.01);
        Assert.All(past, s => Assert.Equal(7, s.Value));
        Assert.All(past.Zip(past.Skip(1)), p => Assert.Equal(step, p.Second.At - p.First.At));

        var before = await probe.ReadRangeAsync(first.AddHours(-2), first.AddHours(-1), step, CancellationToken.None);
        Assert.Equal("probes.prometheus.empty", Assert.Single(before).Detail!.Code);
    }

    [Fact]
    public async Task A_server_that_stops_is_an_error_and_not_an_empty_answer()
    {
        await UntilAsync("sum(queue_length)", s => s.Outcome is SampleOutcome.Value);
        prometheus.Kill();
        await prometheus.WaitForExitAsync(CancellationToken.None);
        Assert.Equal(SampleOutcome.Error, (await AskAsync("sum(queue_length)")).Outcome);
    }

    /// <summary>Points of <c>lagging</c> are 40 s old when they come, of <c>ancient</c> 10 min; <c>frozen</c> has one of 130 s before the test.</summary>
    [Fact]
    public async Task A_real_server_tells_how_old_its_points_are_and_what_it_only_carries_on_is_no_data()
    {
        await UntilAsync("lagging", s => s.Outcome is SampleOutcome.Value);
        Assert.Equal("probes.prometheus.empty", (await AskAsync("ancient")).Detail!.Code);
        Assert.Equal("probes.prometheus.stale", (await AskAsync("frozen")).Detail!.Code);
        Assert.Equal(SampleOutcome.Value, (await AskLateAsync("lagging", TimeSpan.FromSeconds(1))).Outcome);
        Assert.Equal("probes.prometheus.stale", (await AskLateAsync("frozen", TimeSpan.FromSeconds(1))).Detail!.Code);
        await UntilAsync("sum(frozen) - 2 + 0 * sum(queue_length)", s => s.Value == 3);

        string[] queries = ["sum(queue_length)", "sum(rate(lagging[1m])) / 2", "ancient", "vector(1)"];
        await using var probe = (IRangeProbe)OpenBy(
            TimeProvider.System,
            [.. queries.Select(q => new PrometheusProbeOptions(q, SignalUnit.Unstated, Server, q))]
        );
        var ages = await probe.ReadAgesAsync(CancellationToken.None);
        Assert.Equal(queries[..3], ages.Select(a => a.Signal));
        Assert.InRange(ages[0].Value!.Value, 0, 39);
        Assert.InRange(ages[1].Value!.Value, 40, 79);
        Assert.InRange(ages[2].Value!.Value, 600, 639);
    }

    [Fact]
    public async Task A_real_server_tells_which_names_of_a_query_it_does_not_know()
    {
        await UntilAsync("sum(queue_length)", s => s.Outcome is SampleOutcome.Value);
        string[] queries =
        [
            "sum(queue_length) + (sum(queue_length{status=~\"5..\"}) or vector(0))",
            "sum(queue_length) + (sum(queue_lenght) or vector(0))",
            "sum(queue_length) + (sum(queue_length{job=\"other\"}) or vector(0))",
        ];
        await using var probe = (IRangeProbe)OpenBy(
            TimeProvider.System,
            [.. queries.Select(q => new PrometheusProbeOptions(q, SignalUnit.Unstated, Server, q))]
        );
        var ages = await probe.ReadAgesAsync(CancellationToken.None);
        Assert.Equal(["probes.no-label", "probes.no-metric", null], ages.Select(a => a.Detail?.Code));
        Assert.All(ages, a => Assert.InRange(a.Value!.Value, 0, 39));
    }

    /// <summary>At the time by that clock the server had not even begun.</summary>
    [Fact]
    public async Task A_machine_whose_clock_is_four_minutes_behind_reads_what_a_real_server_has_now()
    {
        // The server tells its time in whole seconds: what is there for a second only may be asked for too early.
        await UntilUnbrokenAsync();
        var clock = new BehindTime(TimeSpan.FromMinutes(4));
        await using var probe = OpenBy(
            clock,
            new PrometheusProbeOptions("s", SignalUnit.Unstated, Server, "sum(queue_length)")
        );
        var sample = Assert.Single(await probe.ReadAsync(CancellationToken.None));
        Assert.Equal((12, "probes.clock"), (sample.Value, sample.Detail?.Code));
        Assert.InRange(clock.GetUtcNow() - sample.At, TimeSpan.FromSeconds(-2), TimeSpan.FromMinutes(1));
    }

    private sealed class BehindTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - by;
    }

    private async Task<Sample> AskLateAsync(string query, TimeSpan delay)
    {
        await using var probe = OpenBy(
            TimeProvider.System,
            new PrometheusProbeOptions("s", SignalUnit.Unstated, Server, query) { Delay = delay }
        );
        return Assert.Single(await probe.ReadAsync(CancellationToken.None));
    }

    /// <summary>Waits until the last five scrapes, one a second, have all been answered: one that was not leaves a gap.</summary>
    private Task<Sample> UntilUnbrokenAsync() =>
        UntilAsync("min_over_time(up[6s]) * count_over_time(up[6s])", s => s.Value >= 5);

    private async Task<Sample> UntilAsync(string query, Func<Sample, bool> holds)
    {
        Sample? last = null;
        await Backups.Polling.UntilAsync(async () => holds(last = await AskAsync(query)));
        return last!;
    }

    private async Task<Sample> AskAsync(string query)
    {
        await using var probe = Open(new("s", SignalUnit.Unstated, Server, query));
        return Assert.Single(await probe.ReadAsync(CancellationToken.None));
    }

    private HttpAccess Server => new(Address(port));

    private IProbe Open(PrometheusProbeOptions options) => OpenBy(TimeProvider.System, options);

    private IProbe OpenBy(TimeProvider time, params PrometheusProbeOptions[] options) =>
        Assert.Single(
            new ProbeFactory(TidelockServices.ProbeKinds, time, connections).Create(
                options,
                PostgresTarget.Parse(
                    "postgresql://nobody@127.0.0.1:1/nowhere",
                    new Dictionary<string, string>(StringComparer.Ordinal)
                ),
                "tidelock/test/1",
                TimeSpan.FromSeconds(5)
            )
        );

    private async Task ServeAsync()
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                var context = await metrics.GetContextAsync();
                context.Response.ContentType = "text/plain; version=0.0.4";
                var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
                var text = string.Create(
                    CultureInfo.InvariantCulture,
                    $"queue_length{{pod=\"a\"}} 5\nqueue_length{{pod=\"b\"}} 7\nlagging 3 {now - 40_000}\nancient 4 {now - 600_000}\nfrozen 5 {began - 130_000}\n"
                );
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text), over.Token);
                context.Response.Close();
            }
            catch (Exception e)
                when (e is HttpListenerException or ObjectDisposedException or OperationCanceledException)
            {
                // The scraper went away, or the test is over.
            }
        }
    }

    private static Uri Address(ReservedPort port) =>
        new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port.Number}/"));
}
