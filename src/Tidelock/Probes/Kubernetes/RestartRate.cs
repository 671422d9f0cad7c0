namespace Tidelock.Probes.Kubernetes;

/// <summary>How often containers were started again per second, from the differences between two looks at the pods.</summary>
internal sealed class RestartRate(TimeProvider time)
{
    private Dictionary<string, int>? before;
    private long lookedAt;

    /// <summary>Null at the first look. A pod that is new has all its restarts since then.</summary>
    public double? Next(IReadOnlyList<KubernetesPod> pods)
    {
        var elapsed = time.GetElapsedTime(lookedAt).TotalSeconds;
        double? rate =
            before is null || elapsed <= 0
                ? null
                : pods.Sum(p => Math.Max(0, p.Restarts - before.GetValueOrDefault(p.Id))) / elapsed;
        (before, lookedAt) = (
            pods.ToDictionary(p => p.Id, p => p.Restarts, StringComparer.Ordinal),
            time.GetTimestamp()
        );
        return rate;
    }
}
