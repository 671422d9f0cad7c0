using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>Reads <c>{ kubernetes: deployment/NAME, namespace: NAMESPACE, contains: TEXT }</c>.</summary>
internal sealed partial class KubernetesProbeKind : IProbeKind
{
    public string Key => "kubernetes";

    public string SchemaFragment => SchemaFragments.Beside<KubernetesProbeKind>("kubernetes-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("kubernetes", "namespace", "contains", "unit");
        var resource = probe["kubernetes"].Text();
        if (resource.Length > 0 && !Resource().IsMatch(resource))
        {
            probe["kubernetes"].Mistake(Message.Of("probes.kubernetes.form", ("text", resource)));
            return null;
        }

        var unit = SignalUnits.Read(probe["unit"], SignalUnit.PerSecond);
        var space = probe["namespace"].ExpandedText("default");
        var contains = probe["contains"].Text("error");
        return resource.Length == 0 ? null : new KubernetesProbeOptions(signal, unit, resource, space, contains);
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared.OfType<KubernetesProbeOptions>().Select(o => new KubernetesProbe(o, context));

    [GeneratedRegex(
        "^(deployment|statefulset|daemonset)/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Resource();
}
