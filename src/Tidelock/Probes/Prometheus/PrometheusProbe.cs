using System.Globalization;

namespace Tidelock.Probes.Prometheus;

/// <summary>Asks a Prometheus server for the value of a query at this moment.</summary>
internal sealed class PrometheusProbe(PrometheusProbeOptions options, ProbeContext context) : IProbe
{
    private readonly HttpClient client = ProbeHttp.Client(context);

    public IReadOnlyList<string> Signals => [options.Signal];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var now = context.Time.GetUtcNow();
        using var question = new FormUrlEncodedContent(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["query"] = options.Query,
                ["time"] = Seconds(now.ToUnixTimeMilliseconds() / 1000.0),
                ["timeout"] = Seconds(context.Timeout.TotalSeconds) + "s",
            }
        );
        using var answer = await client.PostAsync(Address(), question, cancellation).ConfigureAwait(false);
        var body = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        return [PrometheusAnswer.Read(options.Signal, now, (int)answer.StatusCode, body)];
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The server may live under a path of its own.</summary>
    private Uri Address() =>
        new UriBuilder(options.Server) { Path = options.Server.AbsolutePath.TrimEnd('/') + "/api/v1/query" }.Uri;

    private static string Seconds(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);
}
