using System.Text.Json;

namespace Tidelock.Probes.Kubernetes;

/// <summary>A pod of the workload.</summary>
/// <param name="Id">Its uid: another one for a pod that took the same name later.</param>
/// <param name="IsOver">Whether it has ended for good, as an evicted one has; what it said may be gone.</param>
/// <param name="Restarts">How often its containers were started again.</param>
/// <param name="Containers">Its containers, and those that prepare it as far as they have begun.</param>
internal sealed record KubernetesPod(
    string Id,
    bool IsOver,
    int Restarts,
    IReadOnlyList<KubernetesContainer> Containers
)
{
    /// <exception cref="TidelockException"><c>probes.kubernetes.not-understood</c>.</exception>
    public static IReadOnlyList<KubernetesPod> ListOf(string json) =>
        KubernetesJson.Read(json, root => root.GetProperty("items").EnumerateArray().Select(Of).ToList());

    private static KubernetesPod Of(JsonElement pod)
    {
        var metadata = pod.GetProperty("metadata");
        var name = metadata.GetProperty("name").GetString()!;
        var id = metadata.TryGetProperty("uid", out var uid) ? uid.GetString() ?? name : name;
        var status = KubernetesJson.Object(pod, "status");
        var phase = KubernetesJson.Text(status, "phase") ?? "Unknown";
        var statuses = KubernetesJson.Items(status, "containerStatuses").ToList();
        var preparing = KubernetesJson
            .Items(status, "initContainerStatuses")
            .Select(s => KubernetesContainer.Of(name, id, s))
            .Where(c => c.HasLog)
            .Select(c => c with { Waits = null });
        var named = statuses.Select(s => KubernetesJson.Text(s, "name")).ToHashSet(StringComparer.Ordinal);
        var unborn = KubernetesJson
            .Items(KubernetesJson.Object(pod, "spec"), "containers")
            .Select(c => KubernetesJson.Text(c, "name")!)
            .Where(c => !named.Contains(c))
            .Select(c => new KubernetesContainer(new ContainerLife(name, id, c, 0), false, false, phase));
        return new KubernetesPod(
            id,
            phase is "Failed" or "Succeeded",
            statuses.Sum(c => KubernetesJson.Number(c, "restartCount") ?? 0),
            [.. preparing, .. statuses.Select(s => KubernetesContainer.Of(name, id, s)), .. unborn]
        );
    }
}
