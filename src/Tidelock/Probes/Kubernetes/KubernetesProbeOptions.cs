namespace Tidelock.Probes.Kubernetes;

/// <summary><c>{ kubernetes: deployment/NAME, … }</c>: what a workload's pods log, and how they are.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">Per second for lines and restarts, a bare number for the rest.</param>
/// <param name="Workload">Whose pods.</param>
/// <param name="Measure">What of them.</param>
public sealed record KubernetesProbeOptions(
    string Signal,
    SignalUnit Unit,
    WorkloadName Workload,
    KubernetesMeasure Measure
) : ProbeOptions(Signal, Unit)
{
    /// <summary>Which lines are counted; null unless <see cref="KubernetesMeasure.ErrorLines"/>.</summary>
    public LineFilter? Lines { get; init; }

    /// <summary>How far back the first look counts; zero for not at all.</summary>
    public TimeSpan Since { get; init; }
}

/// <summary>A workload and where it is.</summary>
/// <param name="Resource"><c>deployment/seedtest-api</c>.</param>
/// <param name="Namespace">Its namespace.</param>
public sealed record WorkloadName(string Resource, string Namespace);

/// <summary>What of a workload is the value.</summary>
public enum KubernetesMeasure
{
    /// <summary>Lines with a text that its pods log, per second.</summary>
    ErrorLines,

    /// <summary>Restarts of its pods' containers, per second.</summary>
    Restarts,

    /// <summary>How many of its replicas are not available.</summary>
    Unavailable,

    /// <summary>1 when it is rolled out, 0 while it is not.</summary>
    Rollout,
}
