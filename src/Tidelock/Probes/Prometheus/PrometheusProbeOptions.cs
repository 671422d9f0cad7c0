namespace Tidelock.Probes.Prometheus;

/// <summary><c>{ prometheus: "query" }</c>: the value of an instant query that yields one series.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">What the query's value stands for.</param>
/// <param name="Server">The server's address: <c>server:</c> of the probe, else <c>watch.prometheus</c>, else <c>${PROMETHEUS_URL}</c>.</param>
/// <param name="Query">PromQL.</param>
public sealed record PrometheusProbeOptions(string Signal, SignalUnit Unit, Uri Server, string Query)
    : ProbeOptions(Signal, Unit);
