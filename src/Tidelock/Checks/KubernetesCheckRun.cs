using System.Globalization;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>
/// Asks kubectl whether a workload is rolled out, and how many of its pods are available: one that is scaled to nothing is rolled out too.
/// </summary>
internal static class KubernetesCheckRun
{
    private const string Available = "jsonpath={.status.availableReplicas}{.status.numberAvailable}";

    public static Task<CheckResult> RunAsync(KubernetesCheck check, CheckGround ground, CancellationToken cancellation)
    {
        var seconds = Math.Max(1, (int)check.Within.TotalSeconds);
        return ProgramCheck.RunAsync(
            check,
            check.Within + TimeSpan.FromSeconds(5),
            [
                Kubectl(
                    "rollout",
                    "status",
                    check.Resource,
                    "--namespace",
                    check.Namespace,
                    string.Create(CultureInfo.InvariantCulture, $"--timeout={seconds}s")
                ),
                Kubectl("get", check.Resource, "--namespace", check.Namespace, "--output", Available),
            ],
            result => Found(check, result),
            ground,
            cancellation
        );
    }

    private static ChildProgram Kubectl(params IReadOnlyList<string> arguments) => new("kubectl", arguments);

    private static Message? Found(KubernetesCheck check, ProgramResult result) =>
        int.TryParse(result.Output.Trim(), CultureInfo.InvariantCulture, out var pods) && pods > 0
            ? Message.Of("checks.kubernetes.passed", ("check", check.Name), ("pods", pods))
            : null;
}
