namespace Tidelock.Probes.Datadog;

/// <summary><c>{ datadog: "avg:trace.http.request.duration{service:api}" }</c>: a metrics query that yields one series.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">What the query's value stands for.</param>
/// <param name="Access">Which Datadog is asked.</param>
/// <param name="Query">The query.</param>
public sealed record DatadogProbeOptions(string Signal, SignalUnit Unit, DatadogAccess Access, string Query)
    : ProbeOptions(Signal, Unit);
