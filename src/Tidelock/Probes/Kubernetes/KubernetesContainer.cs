using System.Text.Json;

namespace Tidelock.Probes.Kubernetes;

/// <summary>A container as its pod's status tells of it.</summary>
/// <param name="Life">Which of its lives the log is of that kubectl shows.</param>
/// <param name="Runs">Whether it runs; else its log has an end.</param>
/// <param name="HasLog">Whether it has run at all, so that there is a log.</param>
/// <param name="Waits">Why it has not begun, or not begun again (<c>CrashLoopBackOff</c>); null where it runs or has ended.</param>
internal sealed record KubernetesContainer(ContainerLife Life, bool Runs, bool HasLog, string? Waits)
{
    public static KubernetesContainer Of(string pod, string podId, JsonElement status)
    {
        var (now, before) = (KubernetesJson.Object(status, "state"), KubernetesJson.Object(status, "lastState"));
        var runs = Is(now, "running");
        var hasEnded = Is(now, "terminated");
        return new KubernetesContainer(
            new ContainerLife(
                pod,
                podId,
                status.GetProperty("name").GetString()!,
                KubernetesJson.Number(status, "restartCount") ?? 0
            ),
            runs,
            runs || hasEnded || Is(before, "terminated"),
            runs || hasEnded ? null : KubernetesJson.Text(KubernetesJson.Object(now, "waiting"), "reason") ?? "Waiting"
        );
    }

    private static bool Is(JsonElement state, string what) =>
        state.ValueKind == JsonValueKind.Object && state.TryGetProperty(what, out _);
}

/// <summary>A container from one start to its end: it has a log of its own, and kubectl reaches the last two.</summary>
/// <param name="Pod">The pod's name.</param>
/// <param name="PodId">Its uid.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Number">How often it had been started before.</param>
internal sealed record ContainerLife(string Pod, string PodId, string Container, int Number)
{
    public ContainerLife Before => this with { Number = Number - 1 };

    public ContainerLife After => this with { Number = Number + 1 };
}
