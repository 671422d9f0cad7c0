using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Http;

/// <summary>Reads <c>{ http: ADDRESS, measure: latency }</c> and <c>{ http: ADDRESS, json: queue.length }</c>.</summary>
internal sealed class HttpProbeKind : IProbeKind
{
    public string Key => "http";

    public string SchemaFragment => SchemaFragments.Beside<HttpProbeKind>("http-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("http", "measure", "json", "unit");
        var (measure, path) = probe["json"].Exists ? (HttpMeasure.Json, Path(probe)) : (Measure(probe), null);
        var natural = measure switch
        {
            HttpMeasure.Latency => SignalUnit.Seconds,
            HttpMeasure.Status => SignalUnit.Number,
            HttpMeasure.Errors => SignalUnit.Ratio,
            HttpMeasure.Json => SignalUnit.Unstated,
        };
        var unit = SignalUnits.Read(probe["unit"], natural);
        return HttpAccess.Read(probe["http"]) is { } server && (path is not null || measure is not HttpMeasure.Json)
            ? new HttpProbeOptions(signal, unit, server, measure) { Json = path }
            : null;
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared.OfType<HttpProbeOptions>().Select(o => new HttpProbe(o, context));

    private static HttpMeasure Measure(ChangeNode probe) =>
        probe["measure"]
            .Word(
                HttpMeasure.Latency,
                ("latency", HttpMeasure.Latency),
                ("status", HttpMeasure.Status),
                ("errors", HttpMeasure.Errors)
            );

    private static JsonPath? Path(ChangeNode probe)
    {
        if (probe["measure"].Exists)
        {
            probe.MistakeAtKey("measure", Message.Of("probes.http.json-and-measure"));
        }

        var text = probe["json"].Text();
        var path = JsonPath.TryParse(text);
        if (path is null && text.Length > 0)
        {
            probe["json"].Mistake(Message.Of("probes.http.path", ("text", text)));
        }

        return path;
    }
}
