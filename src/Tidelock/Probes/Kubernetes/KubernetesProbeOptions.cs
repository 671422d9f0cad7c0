namespace Tidelock.Probes.Kubernetes;

/// <summary><c>{ kubernetes: deployment/NAME, contains: error }</c>: how many lines with a text its pods log, per second.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">Per second, unless the author says otherwise.</param>
/// <param name="Resource">The workload: <c>deployment/seedtest-api</c>.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Contains">What a line must contain, whatever the case of its letters.</param>
public sealed record KubernetesProbeOptions(
    string Signal,
    SignalUnit Unit,
    string Resource,
    string Namespace,
    string Contains
) : ProbeOptions(Signal, Unit);
