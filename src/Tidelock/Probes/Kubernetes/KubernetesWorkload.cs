using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>A deployment, statefulset or daemonset as the API describes it.</summary>
/// <param name="Pods">How many pods it has now.</param>
/// <param name="Selector">Which pods are its own, as kubectl takes it.</param>
internal sealed record KubernetesWorkload(int Pods, string Selector)
{
    /// <exception cref="TidelockException"><c>probes.kubernetes.not-understood</c>.</exception>
    public static KubernetesWorkload Of(string json)
    {
        try
        {
            using var read = JsonDocument.Parse(json);
            var selector = read.RootElement.GetProperty("spec").GetProperty("selector");
            var status = read.RootElement.TryGetProperty("status", out var found) ? found : default;
            return new KubernetesWorkload(
                Number(status, "replicas") + Number(status, "currentNumberScheduled"),
                string.Join(',', Labels(selector).Concat(Expressions(selector)))
            );
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new TidelockException(Message.Of("probes.kubernetes.not-understood"), ExitCode.NeedsPerson);
        }
    }

    private static int Number(JsonElement status, string name) =>
        status.ValueKind == JsonValueKind.Object && status.TryGetProperty(name, out var value) ? value.GetInt32() : 0;

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
