using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Datadog;

/// <summary>
/// Reads <c>{ datadog: "query", delay: 1m }</c>, <c>{ datadog: { a: "query", b: "query" }, formula: a / b }</c> and <c>watch.datadog</c>.
/// </summary>
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
        probe.Only("datadog", "formula", "weight", "delay", "unit");
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.Unstated);
        var isFormula = probe["datadog"].IsMapping;
        var query = isFormula ? Formula(probe) : Query(probe["datadog"]);
        var weight = isFormula ? probe["weight"].Text() : Query(probe["weight"]);
        var named = isFormula ? Named(probe["datadog"], query, weight) : null;
        if (!isFormula && probe["formula"].Exists)
        {
            probe.MistakeAtKey("formula", Message.Of("probes.datadog.nothing-named"));
        }

        var delay = probe["delay"].Duration(UsualDelay, Least, Most);
        return DatadogAccess.Read(watch["datadog"]) is { } access && query.Length > 0
            ? new DatadogProbeOptions(signal, unit, access, query, named)
            {
                Weight = weight.Length > 0 ? weight : null,
                Delay = delay,
            }
            : null;
    }

    private static string Formula(ChangeNode probe) => probe["formula"].Require() ? probe["formula"].Text() : "";

    private static string Query(ChangeNode node)
    {
        var query = node.Text();
        if (HasComma(query))
        {
            node.Mistake(Message.Of("probes.datadog.comma"));
        }

        return query;
    }

    /// <summary>The queries of a formula, by their names. One that is not used is not the one its author meant.</summary>
    private static Dictionary<string, string> Named(ChangeNode node, string formula, string weight)
    {
        var words = DatadogProbeOptions.WordsOf($"{formula} {weight}");
        foreach (var (name, _) in node.Entries.Where(e => formula.Length > 0 && !words.Contains(e.Key)))
        {
            node.MistakeAtKey(name, Message.Of("probes.datadog.unused", ("name", name)));
        }

        return node.Entries.ToDictionary(e => e.Key, e => Query(e.Value), StringComparer.Ordinal);
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
        return declared
            .OfType<DatadogProbeOptions>()
            .GroupBy(q => q.Named is null)
            .Select(queries => new DatadogProbe([.. queries], context));
    }
}
