using Tidelock.Changes;

namespace Tidelock.Probes.Http;

/// <summary>Reads <c>{ http: ADDRESS, measure: latency }</c>.</summary>
internal sealed class HttpProbeKind : IProbeKind
{
    public string Key => "http";

    public string SchemaFragment => SchemaFragments.Beside<HttpProbeKind>("http-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("http", "measure", "unit");
        var measure = probe["measure"]
            .Word(HttpMeasure.Latency, ("latency", HttpMeasure.Latency), ("status", HttpMeasure.Status));
        var unit = SignalUnits.Read(
            probe["unit"],
            measure == HttpMeasure.Latency ? SignalUnit.Seconds : SignalUnit.Number
        );
        return probe["http"].Address() is { } address ? new HttpProbeOptions(signal, unit, address, measure) : null;
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared.OfType<HttpProbeOptions>().Select(o => new HttpProbe(o, context));
}
