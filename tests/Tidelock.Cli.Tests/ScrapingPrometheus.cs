using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

/// <summary>A real Prometheus that looks at one program's metrics twice a second.</summary>
internal sealed class ScrapingPrometheus : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-prometheus-").FullName;
    private readonly ReservedPort port = ReservedPort.Take();
    private Process? process;

    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port.Number}"));

    /// <summary>Comes back when it answers a query with a value above nothing.</summary>
    public static async Task<ScrapingPrometheus> StartAsync(Uri scraped, string query)
    {
        var prometheus = new ScrapingPrometheus();
        await File.WriteAllTextAsync(
            Path.Combine(prometheus.folder, "prometheus.yml"),
            $"global: {{ scrape_interval: 500ms, scrape_timeout: 500ms }}\nscrape_configs: [{{ job_name: api, static_configs: [{{ targets: ['{scraped.Authority}'] }}] }}]\n"
        );
        prometheus.Start();
        using var http = new HttpClient();
        await Polling.UntilAsync(() => prometheus.AnswersAsync(http, query));
        return prometheus;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        port.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task<bool> AnswersAsync(HttpClient http, string query)
    {
        try
        {
            var asked = new Uri(Address, $"/api/v1/query?query={Uri.EscapeDataString(query)}");
            using var answer = JsonDocument.Parse(await http.GetStringAsync(asked));
            var result = answer.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 1
                && double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture) > 0;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Start() =>
        process = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/prometheus",
                [
                    $"--config.file={folder}/prometheus.yml",
                    $"--storage.tsdb.path={folder}/data",
                    $"--web.listen-address={Address.Authority}",
                    "--log.level=error",
                ]
            )
        );
}
