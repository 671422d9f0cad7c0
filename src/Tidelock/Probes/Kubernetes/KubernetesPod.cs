using System.Text.Json;

namespace Tidelock.Probes.Kubernetes;

/// <summary>A pod of the workload.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its uid: another one for a pod that took the same name later.</param>
/// <param name="Restarts">How often its containers were started again.</param>
/// <param name="HasLog">Whether a container of it has begun, so that there is something to follow.</param>
/// <param name="Runs">Whether all its containers run; else the log of one that is down ends, and that says nothing.</param>
internal sealed record KubernetesPod(string Name, string Id, int Restarts, bool HasLog, bool Runs)
{
    /// <exception cref="TidelockException"><c>probes.kubernetes.not-understood</c>.</exception>
    public static IReadOnlyList<KubernetesPod> ListOf(string json) =>
        KubernetesJson.Read(json, root => root.GetProperty("items").EnumerateArray().Select(Of).ToList());

    private static KubernetesPod Of(JsonElement pod)
    {
        var metadata = pod.GetProperty("metadata");
        var name = metadata.GetProperty("name").GetString()!;
        var containers = KubernetesJson.Items(KubernetesJson.Object(pod, "status"), "containerStatuses").ToList();
        return new KubernetesPod(
            name,
            metadata.TryGetProperty("uid", out var id) ? id.GetString() ?? name : name,
            containers.Sum(c => KubernetesJson.Number(c, "restartCount") ?? 0),
            containers.Any(c => Is(c, "running") || Is(c, "terminated")),
            containers.Count > 0 && containers.All(c => Is(c, "running"))
        );
    }

    private static bool Is(JsonElement container, string state) =>
        KubernetesJson.Object(container, "state") is { ValueKind: JsonValueKind.Object } at
        && at.TryGetProperty(state, out _);
}
