using Tidelock.Texts;

namespace Tidelock.Probes.Http;

/// <summary>Asks an address once per tick.</summary>
internal sealed class HttpProbe(HttpProbeOptions options, ProbeContext context) : IProbe
{
    private const int ServerError = 500;
    private readonly HttpClient client = ProbeHttp.Client(context);

    public IReadOnlyList<string> Signals => [options.Signal];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var began = context.Time.GetTimestamp();
        using var answer = await client.GetAsync(options.Address, cancellation).ConfigureAwait(false);
        var took = context.Time.GetElapsedTime(began);
        return [Sample((int)answer.StatusCode, took)];
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private Sample Sample(int status, TimeSpan took)
    {
        var now = context.Time.GetUtcNow();
        return options.Measure switch
        {
            HttpMeasure.Status => Probes.Sample.Of(options.Signal, now, status),
            HttpMeasure.Latency when status < ServerError => Probes.Sample.Of(options.Signal, now, took.TotalSeconds),
            HttpMeasure.Latency => Probes.Sample.Error(
                options.Signal,
                now,
                Message.Of("probes.http.status", ("status", status))
            ),
        };
    }
}
