using System.Text.Json;

namespace Tidelock.Probes.Kubernetes;

/// <summary>A deployment, statefulset or daemonset as the API describes it.</summary>
/// <param name="Selector">Which pods are its own, as kubectl takes it.</param>
/// <param name="Wanted">How many replicas it is to have.</param>
/// <param name="Available">How many are available.</param>
/// <param name="IsRolledOut">Whether all of them are of the newest template, and no older one is left.</param>
internal sealed record KubernetesWorkload(string Selector, int Wanted, int Available, bool IsRolledOut)
{
    public int Unavailable => Math.Max(0, Wanted - Available);

    /// <exception cref="TidelockException"><c>probes.kubernetes.not-understood</c>.</exception>
    public static KubernetesWorkload Of(string json) =>
        KubernetesJson.Read(
            json,
            root =>
            {
                var (spec, status) = (root.GetProperty("spec"), KubernetesJson.Object(root, "status"));
                var selector = spec.GetProperty("selector");
                // A daemonset counts nodes; the others say how many replicas they want, and 1 where they say nothing.
                var isDaemonset = KubernetesJson.Number(status, "desiredNumberScheduled") is not null;
                var wanted =
                    KubernetesJson.Number(status, "desiredNumberScheduled")
                    ?? KubernetesJson.Number(spec, "replicas")
                    ?? 1;
                var available =
                    KubernetesJson.Number(status, isDaemonset ? "numberAvailable" : "availableReplicas") ?? 0;
                var updated =
                    KubernetesJson.Number(status, isDaemonset ? "updatedNumberScheduled" : "updatedReplicas") ?? 0;
                var all = KubernetesJson.Number(status, isDaemonset ? "currentNumberScheduled" : "replicas") ?? 0;
                var generation = KubernetesJson.Number(KubernetesJson.Object(root, "metadata"), "generation") ?? 0;
                var isSeen = (KubernetesJson.Number(status, "observedGeneration") ?? 0) >= generation;
                return new KubernetesWorkload(
                    string.Join(',', Labels(selector).Concat(Expressions(selector))),
                    wanted,
                    available,
                    isSeen && updated >= wanted && all <= updated && available >= wanted
                );
            }
        );

    private static IEnumerable<string> Labels(JsonElement selector) =>
        selector.TryGetProperty("matchLabels", out var labels)
            ? labels.EnumerateObject().Select(l => $"{l.Name}={l.Value.GetString()}")
            : [];

    private static IEnumerable<string> Expressions(JsonElement selector) =>
        selector.TryGetProperty("matchExpressions", out var expressions)
            ? expressions.EnumerateArray().Select(Expression)
            : [];

    private static string Expression(JsonElement expression)
    {
        var key = expression.GetProperty("key").GetString();
        var values = expression.TryGetProperty("values", out var found)
            ? string.Join(',', found.EnumerateArray().Select(v => v.GetString()))
            : "";
        return expression.GetProperty("operator").GetString() switch
        {
            "In" => $"{key} in ({values})",
            "NotIn" => $"{key} notin ({values})",
            "Exists" => $"{key}",
            "DoesNotExist" => $"!{key}",
            _ => throw new JsonException(),
        };
    }
}
