using Tidelock.Changes;

namespace Tidelock.Probes.Prometheus;

/// <summary>Reads <c>{ prometheus: "query", server: ADDRESS }</c>.</summary>
internal sealed class PrometheusProbeKind : IProbeKind
{
    private const string DefaultServer = "${PROMETHEUS_URL}";

    public string Key => "prometheus";

    public string SchemaFragment => SchemaFragments.Beside<PrometheusProbeKind>("prometheus-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("prometheus", "server", "unit");
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.Unstated);
        var query = probe["prometheus"].Text();
        var server = probe["server"].Exists ? probe["server"].Address() : watch["prometheus"].Address(DefaultServer);
        return query.Length > 0 && server is not null ? new PrometheusProbeOptions(signal, unit, server, query) : null;
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared.OfType<PrometheusProbeOptions>().Select(o => new PrometheusProbe(o, context));
}
