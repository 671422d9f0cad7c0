using System.Diagnostics;

namespace Tidelock.Postgres.Tests.Examples;

/// <summary>The example's program on a free port, as the demo starts it.</summary>
internal sealed class SeedtestApi : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process process;
    private Task drained = Task.CompletedTask;

    private SeedtestApi(Process process) => this.process = process;

    public HttpClient Client { get; private set; } = null!;

    public static async Task<SeedtestApi> StartAsync(string database, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Program());
        foreach (var argument in (string[])["--urls", "http://127.0.0.1:0", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DATABASE_URL"] = database;
        var api = new SeedtestApi(Process.Start(start)!);
        try
        {
            api.Client = new HttpClient { BaseAddress = await api.AddressAsync() };
            return api;
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    /// <summary>A line of /metrics, by how it begins.</summary>
    public async Task<double> MetricAsync(string name)
    {
        var metrics = await Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var line = metrics.Split('\n').Single(l => l.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line[(name.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        await drained;
        process.Dispose();
        Client?.Dispose();
    }

    private async Task<Uri> AddressAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            var found = line.IndexOf(Listening, StringComparison.Ordinal);
            if (found >= 0)
            {
                drained = Task.WhenAll(
                    process.StandardOutput.ReadToEndAsync(CancellationToken.None),
                    process.StandardError.ReadToEndAsync(CancellationToken.None)
                );
                return new Uri(line[(found + Listening.Length)..]);
            }
        }

        throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(limit.Token));
    }

    private static string Program() =>
        Path.Combine(
            AttemptViewExample.Folder,
            "seedtest-api",
            "bin",
            new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name,
            new DirectoryInfo(AppContext.BaseDirectory).Name,
            "seedtest-api.dll"
        );
}
