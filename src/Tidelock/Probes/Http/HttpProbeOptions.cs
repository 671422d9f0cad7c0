namespace Tidelock.Probes.Http;

/// <summary><c>{ http: ADDRESS, measure: latency }</c>: one GET per tick.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">Seconds for the latency, a ratio for errors, a bare number for the status; of a JSON value only its author knows.</param>
/// <param name="Server">What is asked for, and how.</param>
/// <param name="Measure">What of the answer is the value.</param>
public sealed record HttpProbeOptions(string Signal, SignalUnit Unit, HttpAccess Server, HttpMeasure Measure)
    : ProbeOptions(Signal, Unit)
{
    /// <summary>Where in the answer the number stands; null unless <see cref="HttpMeasure.Json"/>.</summary>
    public JsonPath? Json { get; init; }
}

/// <summary>What of an HTTP answer is the value.</summary>
public enum HttpMeasure
{
    /// <summary>Seconds until the whole answer was read. Any status but 2xx is an error, not a value.</summary>
    Latency,

    /// <summary>The status code, whatever it is.</summary>
    Status,

    /// <summary>
    /// 1 where a user got nothing: a status of 400 and above, or a host on which nobody listens; else 0. The mean over a window is an
    /// error rate. What may lie at the asker (a login, a limit, the way there) is an error of the probe.
    /// </summary>
    Errors,

    /// <summary>A number in a JSON answer.</summary>
    Json,
}
