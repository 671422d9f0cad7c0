using Tidelock.Changes;

namespace Tidelock.Probes.Sql;

/// <summary>Reads <c>{ sql: "select …" }</c>.</summary>
internal sealed class SqlProbeKind : IProbeKind
{
    public string Key => "sql";

    public string SchemaFragment => SchemaFragments.Beside<SqlProbeKind>("sql-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("sql", "unit");
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.Unstated);
        return probe["sql"].Sql() is { Length: > 0 } sql ? new SqlProbeOptions(signal, unit, sql) : null;
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context)
    {
        var queries = declared.OfType<SqlProbeOptions>().ToList();
        return queries.Count == 0 ? [] : [new SqlProbe(queries, context)];
    }
}
