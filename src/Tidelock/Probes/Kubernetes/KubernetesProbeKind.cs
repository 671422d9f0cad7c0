using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>Reads <c>{ kubernetes: deployment/NAME, namespace: NAMESPACE, measure: errorLines, contains: TEXT }</c>.</summary>
internal sealed class KubernetesProbeKind : IProbeKind
{
    private static readonly string[] OfLines = ["contains", "pattern", "container", "since"];
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    public string Key => "kubernetes";

    public string SchemaFragment => SchemaFragments.Beside<KubernetesProbeKind>("kubernetes-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only(["kubernetes", "namespace", "measure", "unit", .. OfLines]);
        var resource = probe["kubernetes"].Workload();
        var space = probe["namespace"].ExpandedText("default");
        var measure = probe["measure"]
            .Word(
                KubernetesMeasure.ErrorLines,
                ("errorLines", KubernetesMeasure.ErrorLines),
                ("restarts", KubernetesMeasure.Restarts),
                ("unavailable", KubernetesMeasure.Unavailable),
                ("rollout", KubernetesMeasure.Rollout)
            );
        var isOfTime = measure is KubernetesMeasure.ErrorLines or KubernetesMeasure.Restarts;
        var unit = SignalUnits.Read(probe["unit"], isOfTime ? SignalUnit.PerSecond : SignalUnit.Number);
        var lines = measure is KubernetesMeasure.ErrorLines ? Filter(probe) : RefuseLines(probe);
        return resource.Length == 0
            ? null
            : new KubernetesProbeOptions(signal, unit, new WorkloadName(resource, space), measure)
            {
                Lines = lines,
                Since = probe["since"].Duration(TimeSpan.Zero, Least, Most),
            };
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared
            .OfType<KubernetesProbeOptions>()
            .GroupBy(o => o.Workload)
            .Select(workload => new KubernetesProbe([.. workload], context));

    private static LineFilter Filter(ChangeNode probe)
    {
        var container = probe["container"].Exists ? probe["container"].Text() : null;
        if (!probe["pattern"].Exists)
        {
            return new LineFilter(probe["contains"].Text("error"), null, container);
        }

        if (probe["contains"].Exists)
        {
            probe.MistakeAtKey("contains", Message.Of("probes.kubernetes.contains-and-pattern"));
        }

        return new LineFilter(null, Pattern(probe["pattern"]), container);
    }

    private static string Pattern(ChangeNode node)
    {
        var pattern = node.Text();
        try
        {
            LineFilter.Compiled(pattern);
            return pattern;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            node.Mistake(Message.Of("probes.kubernetes.pattern", ("pattern", pattern), ("reason", e.Message)));
            return "";
        }
    }

    private static LineFilter? RefuseLines(ChangeNode probe)
    {
        foreach (var key in OfLines.Where(k => probe[k].Exists))
        {
            probe.MistakeAtKey(key, Message.Of("probes.kubernetes.not-of-lines", ("key", key)));
        }

        return null;
    }
}
