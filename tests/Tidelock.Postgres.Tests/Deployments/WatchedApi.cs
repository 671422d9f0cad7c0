using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>
/// A small API that reads the view some fifty times a second over one connection with a prepared statement, as applications do, counts its
/// requests and errors and how long they took, and is scraped by a real Prometheus server seven times a second. What is asked of that goes over
/// 3 seconds, 20 scrapes, so that a few which a loaded machine loses change nothing.
/// </summary>
internal sealed class WatchedApi : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tl-watched-").FullName;
    private readonly CancellationTokenSource over = new();
    private readonly TestDatabase database;
    private readonly ReservedPort apiPort = ReservedPort.Take();
    private readonly ReservedPort prometheusPort = ReservedPort.Take();
    private readonly Lock counting = new();
    private readonly List<Task> working = [];
    private HttpListener metrics;
    private Process? prometheus;
    private (long Requests, long Errors, long Fast) counted;

    private WatchedApi(TestDatabase database)
    {
        this.database = database;
        metrics = Listen();
    }

    public const string ErrorShare = "sum(rate(api_errors_total[3s])) / sum(rate(api_requests_total[3s]))";
    public const string P95 = "histogram_quantile(0.95, sum by (le) (rate(api_seconds_bucket[3s])))";

    /// <summary>One request in so many fails; 0 for none.</summary>
    public int FailEvery { get; set; }

    /// <summary>Whether every request takes longer than 100 ms.</summary>
    public bool IsSlow { get; set; }

    /// <summary>Errors of statements prepared before the columns changed.</summary>
    public int OutdatedPlans { get; private set; }

    public string Prometheus => Address(prometheusPort);

    public static async Task<WatchedApi> StartAsync(TestDatabase database)
    {
        var api = new WatchedApi(database);
        await File.WriteAllTextAsync(
            Path.Combine(api.folder, "prometheus.yml"),
            $"global: {{ scrape_interval: 150ms, scrape_timeout: 150ms }}\nscrape_configs: [{{ job_name: api, static_configs: [{{ targets: ['127.0.0.1:{api.apiPort.Number.ToString(CultureInfo.InvariantCulture)}'] }}] }}]\n"
        );
        api.working.Add(Task.Run(api.RequestAsync));
        api.working.Add(Task.Run(api.ServeAsync));
        api.StartPrometheus();
        await api.UntilAsync(ErrorShare, v => v is "0");
        await api.UntilAsync(P95, v => v is not "NaN");
        return api;
    }

    public void StartPrometheus() =>
        prometheus = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/prometheus",
                [
                    $"--config.file={folder}/prometheus.yml",
                    $"--storage.tsdb.path={folder}/data",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"--web.listen-address=127.0.0.1:{prometheusPort.Number}"
                    ),
                    "--log.level=error",
                ]
            )
        );

    public async Task StopPrometheusAsync()
    {
        prometheus!.Kill();
        await prometheus.WaitForExitAsync(CancellationToken.None);
        prometheus.Dispose();
        prometheus = null;
    }

    /// <summary>The API goes away until Prometheus has noticed, and comes back with counters that begin anew.</summary>
    public async Task RestartAsync()
    {
        metrics.Stop();
        await UntilAsync("up", v => v is "0");
        lock (counting)
        {
            counted = default;
        }

        metrics = Listen();
        working.Add(Task.Run(ServeAsync));
    }

    /// <summary>Waits until Prometheus answers a query with a value.</summary>
    private async Task UntilAsync(string query, Func<string, bool> holds)
    {
        using var client = new HttpClient { BaseAddress = new Uri(Prometheus) };
        await Polling.UntilAsync(async () =>
        {
            try
            {
                var answer = await client.GetStringAsync(
                    new Uri($"api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative)
                );
                var result = JsonNode.Parse(answer)!["data"]!["result"]!.AsArray();
                return result is [{ } one] && holds(one["value"]![1]!.GetValue<string>());
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        if (prometheus is not null)
        {
            await StopPrometheusAsync();
        }

        metrics.Stop();
        await Task.WhenAll(working);
        over.Dispose();
        apiPort.Dispose();
        prometheusPort.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task RequestAsync()
    {
        NpgsqlConnection? connection = null;
        NpgsqlCommand? command = null;
        for (var number = 1; !over.IsCancellationRequested; number++)
        {
            var took = Stopwatch.StartNew();
            var isOk = FailEvery == 0 || number % FailEvery != 0;
            try
            {
                if (connection is null)
                {
                    connection = new NpgsqlConnection(database.Target.NpgsqlConnectionString("api"));
                    await connection.OpenAsync(CancellationToken.None);
                    command = new NpgsqlCommand("select * from public.scores limit 1", connection);
                    await command.PrepareAsync(CancellationToken.None);
                }

                await command!.ExecuteScalarAsync(CancellationToken.None);
                await Task.Delay(
                    TimeSpan.FromMilliseconds(IsSlow ? 150 : 20),
                    TimeProvider.System,
                    CancellationToken.None
                );
            }
            catch (PostgresException e)
            {
                // The pool is recycled after an error, as the advice says.
                isOk = false;
                OutdatedPlans += e.SqlState == PostgresErrorCodes.FeatureNotSupported ? 1 : 0;
                await connection!.DisposeAsync();
                connection = null;
            }

            var isFast = took.Elapsed < TimeSpan.FromMilliseconds(100);
            lock (counting)
            {
                counted = (counted.Requests + 1, counted.Errors + (isOk ? 0 : 1), counted.Fast + (isFast ? 1 : 0));
            }
        }

        await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task ServeAsync()
    {
        var listener = metrics;
        while (true)
        {
            try
            {
                var context = await listener.GetContextAsync();
                context.Response.ContentType = "text/plain; version=0.0.4";
                var (requests, errors, fast) = Counted();
                var text = string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    api_requests_total {requests}
                    api_errors_total {errors}
                    api_seconds_bucket {"{"}le="0.1"{"}"} {fast}
                    api_seconds_bucket {"{"}le="0.2"{"}"} {requests}
                    api_seconds_bucket {"{"}le="+Inf"{"}"} {requests}

                    """
                );
                await context.Response.OutputStream.WriteAsync(Encoding.ASCII.GetBytes(text), CancellationToken.None);
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                if (!listener.IsListening)
                {
                    return;
                }
            }
        }
    }

    private (long Requests, long Errors, long Fast) Counted()
    {
        lock (counting)
        {
            return counted;
        }
    }

    private HttpListener Listen()
    {
        var listener = new HttpListener { Prefixes = { Address(apiPort) } };
        listener.Start();
        return listener;
    }

    private static string Address(ReservedPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port.Number}/");
}
