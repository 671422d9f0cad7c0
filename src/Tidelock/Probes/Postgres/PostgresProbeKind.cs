using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>Reads <c>{ postgres: connections }</c> and <c>{ postgres: calls, relation: … }</c>.</summary>
internal sealed class PostgresProbeKind : IProbeKind
{
    public string Key => "postgres";

    public string SchemaFragment => SchemaFragments.Beside<PostgresProbeKind>("postgres-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("postgres", "relation", "unit");
        return probe["postgres"].Word("", ("connections", "connections"), ("calls", "calls")) switch
        {
            "connections" => Connections(signal, probe),
            "calls" => Calls(signal, probe),
            _ => null,
        };
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context)
    {
        var connections = declared.OfType<PostgresConnectionsProbeOptions>().ToList();
        var calls = declared.OfType<PostgresCallsProbeOptions>().ToList();
        return connections.Count + calls.Count == 0 ? [] : [new PostgresProbe(connections, calls, context)];
    }

    private static PostgresConnectionsProbeOptions Connections(string signal, ChangeNode probe)
    {
        if (probe["relation"].Exists)
        {
            probe.MistakeAtKey("relation", Message.Of("probes.postgres.no-relation"));
        }

        return new(signal, SignalUnits.Read(probe["unit"], SignalUnit.Number));
    }

    private static PostgresCallsProbeOptions? Calls(string signal, ChangeNode probe)
    {
        probe["relation"].Require();
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.PerSecond);
        return probe["relation"].Relation() is { } relation ? new(signal, unit, relation) : null;
    }
}
