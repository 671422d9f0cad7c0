using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Synthetic;

/// <summary>Reads <c>{ synthetic: p95 }</c> and <c>watch.synthetic</c>.</summary>
internal sealed class SyntheticProbeKind : IProbeKind
{
    /// <summary>So that a watch never is the load it watches.</summary>
    private const int MostPerSecond = 20;

    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(2);

    public string Key => "synthetic";

    public string SchemaFragment => SchemaFragments.Beside<SyntheticProbeKind>("synthetic-probe");

    public string SharedSchema => SchemaFragments.Beside<SyntheticProbeKind>("synthetic");

    public void ReadShared(ChangeNode shared) => Reads(shared);

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("synthetic", "unit");
        var measure = probe["synthetic"]
            .Word<SyntheticMeasure?>(
                null,
                ("errors", SyntheticMeasure.Errors),
                ("p50", SyntheticMeasure.P50),
                ("p95", SyntheticMeasure.P95),
                ("p99", SyntheticMeasure.P99)
            );
        var unit = SignalUnits.Read(
            probe["unit"],
            measure is SyntheticMeasure.Errors ? SignalUnit.Ratio : SignalUnit.Seconds
        );
        if (!watch["synthetic"].Exists)
        {
            probe.Mistake(Message.Of("probes.synthetic.nothing-to-read"));
            return null;
        }

        return measure is { } known && Reads(watch["synthetic"]) is { } reads
            ? new SyntheticProbeOptions(signal, unit, known, reads)
            : null;
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context)
    {
        var signals = declared.OfType<SyntheticProbeOptions>().ToList();
        return signals.Count == 0 ? [] : [new SyntheticProbe(signals, context)];
    }

    private static SyntheticReads? Reads(ChangeNode shared)
    {
        shared.Only("queries", "rate", "role", "timeout");
        shared["queries"].Require();
        var queries = shared["queries"].Items.Select(q => q.Sql()).Where(q => q.Length > 0).ToList();
        if (shared["queries"].IsList && shared["queries"].Items.Count == 0)
        {
            shared["queries"].Mistake(Message.Of("probes.synthetic.no-query"));
        }

        var role = shared["role"].ExpandedText();
        var reads = new SyntheticReads(
            queries,
            shared["rate"].Integer(1, 1, MostPerSecond),
            role.Length > 0 ? role : null,
            shared["timeout"].Duration(Usual, Least, Most)
        );
        return queries.Count == 0 ? null : reads;
    }
}
