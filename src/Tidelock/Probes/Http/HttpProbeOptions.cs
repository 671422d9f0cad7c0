namespace Tidelock.Probes.Http;

/// <summary><c>{ http: ADDRESS, measure: latency }</c>: one GET per tick.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">Seconds for the latency, a bare number for the status.</param>
/// <param name="Address">What is asked for.</param>
/// <param name="Measure">What of the answer is the value.</param>
public sealed record HttpProbeOptions(string Signal, SignalUnit Unit, Uri Address, HttpMeasure Measure)
    : ProbeOptions(Signal, Unit);

/// <summary>What of an HTTP answer is the value.</summary>
public enum HttpMeasure
{
    /// <summary>Seconds until the whole answer was read. An answer of 500 and above is an error, not a value.</summary>
    Latency,

    /// <summary>The status code, whatever it is.</summary>
    Status,
}
