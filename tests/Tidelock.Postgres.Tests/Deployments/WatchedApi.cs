using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>
/// A small API that reads the view some fifty times a second over one connection with a prepared statement, as applications do, counts its
/// requests and errors, and is scraped by a real Prometheus server five times a second.
/// </summary>
internal sealed class WatchedApi : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tl-watched-").FullName;
    private readonly CancellationTokenSource over = new();
    private readonly TestDatabase database;
    private readonly int apiPort = FreePort();
    private readonly int prometheusPort = FreePort();
    private readonly List<Task> working = [];
    private HttpListener metrics;
    private Process? prometheus;
    private (long Requests, long Errors) counted;

    private WatchedApi(TestDatabase database)
    {
        this.database = database;
        metrics = Listen();
    }

    /// <summary>One request in so many fails; 0 for none.</summary>
    public int FailEvery { get; set; }

    /// <summary>Errors of statements prepared before the columns changed.</summary>
    public int OutdatedPlans { get; private set; }

    public string Prometheus => Address(prometheusPort);

    public static async Task<WatchedApi> StartAsync(TestDatabase database)
    {
        var api = new WatchedApi(database);
        await File.WriteAllTextAsync(
            Path.Combine(api.folder, "prometheus.yml"),
            $"global: {{ scrape_interval: 200ms, scrape_timeout: 200ms }}\nscrape_configs: [{{ job_name: api, static_configs: [{{ targets: ['127.0.0.1:{api.apiPort.ToString(CultureInfo.InvariantCulture)}'] }}] }}]\n"
        );
        api.working.Add(Task.Run(api.RequestAsync));
        api.working.Add(Task.Run(api.ServeAsync));
        api.StartPrometheus();
        return api;
    }

    public void StartPrometheus() =>
        prometheus = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/prometheus",
                [
                    $"--config.file={folder}/prometheus.yml",
                    $"--storage.tsdb.path={folder}/data",
                    string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{prometheusPort}"),
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

    /// <summary>The API goes away for a moment and comes back with counters that begin anew.</summary>
    public async Task RestartAsync()
    {
        metrics.Stop();
        counted = (0, 0);
        await Task.Delay(TimeSpan.FromMilliseconds(600), TimeProvider.System, CancellationToken.None);
        metrics = Listen();
        working.Add(Task.Run(ServeAsync));
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
        Directory.Delete(folder, recursive: true);
    }

    private async Task RequestAsync()
    {
        NpgsqlConnection? connection = null;
        NpgsqlCommand? command = null;
        for (var number = 1; !over.IsCancellationRequested; number++)
        {
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
            }
            catch (PostgresException e)
            {
                // The pool is recycled after an error, as the advice says.
                isOk = false;
                OutdatedPlans += e.SqlState == PostgresErrorCodes.FeatureNotSupported ? 1 : 0;
                await connection!.DisposeAsync();
                connection = null;
            }

            counted = (counted.Requests + 1, counted.Errors + (isOk ? 0 : 1));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
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
                var (requests, errors) = counted;
                var text = string.Create(
                    CultureInfo.InvariantCulture,
                    $"api_requests_total {requests}\napi_errors_total {errors}\n"
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

    private HttpListener Listen()
    {
        var listener = new HttpListener { Prefixes = { Address(apiPort) } };
        listener.Start();
        return listener;
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
