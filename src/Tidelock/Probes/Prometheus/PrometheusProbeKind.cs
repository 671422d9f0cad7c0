using Tidelock.Changes;

namespace Tidelock.Probes.Prometheus;

/// <summary>Reads <c>{ prometheus: "query", server: ADDRESS, … }</c>.</summary>
internal sealed class PrometheusProbeKind : IProbeKind
{
    private const string DefaultServer = "${PROMETHEUS_URL}";
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    public string Key => "prometheus";

    public string SchemaFragment => SchemaFragments.Beside<PrometheusProbeKind>("prometheus-probe");

    public string SharedSchema => SchemaFragments.Beside<PrometheusProbeKind>("prometheus");

    public void ReadShared(ChangeNode shared) => HttpAccess.Read(shared);

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("prometheus", "server", "aggregate", "weight", "lookback", "delay", "unit");
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.Unstated);
        var query = probe["prometheus"].Text();
        var aggregate = probe["aggregate"].Word("", ("sum", "sum"), ("avg", "avg"), ("max", "max"), ("min", "min"));
        var weight = probe["weight"].Text();
        var lookback = probe["lookback"].Duration(TimeSpan.Zero, Least, Most);
        var delay = probe["delay"].Duration(TimeSpan.Zero, Least, Most);
        var server = probe["server"].Exists
            ? HttpAccess.Read(probe["server"])
            : HttpAccess.Read(watch["prometheus"], DefaultServer);
        return query.Length == 0 || server is null
            ? null
            : new PrometheusProbeOptions(signal, unit, server, Around(query, aggregate))
            {
                Weight = weight.Length > 0 ? weight : null,
                Lookback = lookback > TimeSpan.Zero ? lookback : null,
                Delay = delay,
            };
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared
            .OfType<PrometheusProbeOptions>()
            .GroupBy(o => o.Server)
            .Select(server => new PrometheusProbe(server.Key, [.. server], context));

    /// <summary>On lines of their own, so that a comment at the query's end does not swallow the parenthesis.</summary>
    private static string Around(string query, string aggregate) =>
        aggregate.Length == 0 ? query : $"{aggregate}(\n{query}\n)";
}
