namespace Tidelock.Probes.Prometheus;

/// <summary><c>{ prometheus: "query" }</c>: the value of a query that yields one series.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">What the query's value stands for.</param>
/// <param name="Server">The server: <c>server:</c> of the probe, else <c>watch.prometheus</c>, else <c>${PROMETHEUS_URL}</c>.</param>
/// <param name="Query">PromQL; the aggregate is already around it.</param>
public sealed record PrometheusProbeOptions(string Signal, SignalUnit Unit, HttpAccess Server, string Query)
    : ProbeOptions(Signal, Unit)
{
    /// <summary>PromQL for how many requests are behind the value; null where the author names none.</summary>
    public string? Weight { get; init; }

    public override bool IsUncounted => Weight is null;

    /// <summary>How far back the server may look for a series' newest point; null for its own setting, usually 5 minutes.</summary>
    public TimeSpan? Lookback { get; init; }
}
