using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Datadog;

/// <summary>Reads <c>{ datadog: "query", delay: 1m }</c> and <c>watch.datadog</c>.</summary>
internal sealed class DatadogProbeKind : IProbeKind
{
    /// <summary>Agents report every 10 to 15 s, and a bucket of 20 s must be over.</summary>
    private static readonly TimeSpan UsualDelay = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    public string Key => "datadog";

    public string SchemaFragment => SchemaFragments.Beside<DatadogProbeKind>("datadog-probe");

    public string SharedSchema => SchemaFragments.Beside<DatadogProbeKind>("datadog");

    public void ReadShared(ChangeNode shared)
    {
        shared.Only("site", "apiKey", "applicationKey");
        shared["apiKey"].Secret();
        shared["applicationKey"].Secret();
    }

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("datadog", "delay", "unit");
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.Unstated);
        var query = probe["datadog"].Text();
        if (HasComma(query))
        {
            probe["datadog"].Mistake(Message.Of("probes.datadog.comma"));
        }

        var delay = probe["delay"].Duration(UsualDelay, Least, Most);
        return DatadogAccess.Read(watch["datadog"]) is { } access && query.Length > 0
            ? new DatadogProbeOptions(signal, unit, access, query) { Delay = delay }
            : null;
    }

    /// <summary>Whether there is one outside of all brackets: then it is several queries, and Datadog numbers its answers by them.</summary>
    private static bool HasComma(string query)
    {
        var depth = 0;
        foreach (var c in query)
        {
            depth +=
                c is '(' or '{' or '[' ? 1
                : c is ')' or '}' or ']' ? -1
                : 0;
            if (c == ',' && depth <= 0)
            {
                return true;
            }
        }

        return false;
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context)
    {
        var queries = declared.OfType<DatadogProbeOptions>().ToList();
        return queries.Count == 0 ? [] : [new DatadogProbe(queries, context)];
    }
}
