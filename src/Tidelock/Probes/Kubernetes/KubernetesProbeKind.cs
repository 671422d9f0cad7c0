using Tidelock.Changes;

namespace Tidelock.Probes.Kubernetes;

/// <summary>Reads <c>{ kubernetes: deployment/NAME, namespace: NAMESPACE, contains: TEXT }</c>.</summary>
internal sealed class KubernetesProbeKind : IProbeKind
{
    public string Key => "kubernetes";

    public string SchemaFragment => SchemaFragments.Beside<KubernetesProbeKind>("kubernetes-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("kubernetes", "namespace", "contains", "unit");
        var resource = probe["kubernetes"].Workload();
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.PerSecond);
        var space = probe["namespace"].ExpandedText("default");
        var contains = probe["contains"].Text("error");
        return resource.Length == 0 ? null : new KubernetesProbeOptions(signal, unit, resource, space, contains);
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared.OfType<KubernetesProbeOptions>().Select(o => new KubernetesProbe(o, context));
}
