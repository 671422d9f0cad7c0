namespace Tidelock.Probes.Synthetic;

/// <summary><c>{ synthetic: p95 }</c>: how reads of our own fare.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">A ratio for errors, seconds for the rest.</param>
/// <param name="Measure">What of the reads is the value.</param>
/// <param name="Reads">What is read, as <c>watch.synthetic</c> says.</param>
public sealed record SyntheticProbeOptions(
    string Signal,
    SignalUnit Unit,
    SyntheticMeasure Measure,
    SyntheticReads Reads
) : ProbeOptions(Signal, Unit);

/// <summary>What of the reads of one tick is the value.</summary>
public enum SyntheticMeasure
{
    /// <summary>The share that the server answered with an error, or not in time.</summary>
    Errors,

    /// <summary>The time that half of them needed.</summary>
    P50,

    P95,

    P99,
}

/// <summary>Section <c>watch.synthetic</c>.</summary>
/// <param name="Queries">What is read, in turn.</param>
/// <param name="Rate">How many reads per second; one after the other, on one connection.</param>
/// <param name="Role">As whom; null for whoever logged in.</param>
/// <param name="Timeout">How long one may take.</param>
public sealed record SyntheticReads(IReadOnlyList<string> Queries, int Rate, string? Role, TimeSpan Timeout);
