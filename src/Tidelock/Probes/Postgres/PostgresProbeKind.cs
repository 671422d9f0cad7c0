using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>Reads <c>{ postgres: connections }</c> and <c>{ postgres: calls, relation: … }</c>.</summary>
internal sealed class PostgresProbeKind : IProbeKind
{
    private static readonly (string Word, PostgresSignal? Source)[] Words =
    [
        ("connections", PostgresSignal.Connections),
        ("active", PostgresSignal.Active),
        ("idleInTransaction", PostgresSignal.IdleInTransaction),
        ("blocked", PostgresSignal.Blocked),
        ("longestTransaction", PostgresSignal.LongestTransaction),
        ("replicationLag", PostgresSignal.ReplicationLag),
        ("commits", PostgresSignal.Commits),
        ("rollbacks", PostgresSignal.Rollbacks),
        ("deadlocks", PostgresSignal.Deadlocks),
        ("calls", PostgresSignal.Calls),
        ("meanTime", PostgresSignal.MeanTime),
        ("rows", PostgresSignal.Rows),
    ];

    public string Key => "postgres";

    public string SchemaFragment => SchemaFragments.Beside<PostgresProbeKind>("postgres-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("postgres", "relation", "unit");
        if (probe["postgres"].Word(null, Words) is not { } source)
        {
            return null;
        }

        var unit = SignalUnits.Read(probe["unit"], NaturalUnit(source));
        if (IsOfARelation(source))
        {
            probe["relation"].Require();
            return probe["relation"].Relation() is { } relation
                ? new PostgresProbeOptions(signal, unit, source, relation)
                : null;
        }

        if (probe["relation"].Exists)
        {
            var word = Words.First(w => w.Source == source).Word;
            probe.MistakeAtKey("relation", Message.Of("probes.postgres.no-relation", ("word", word)));
        }

        return new PostgresProbeOptions(signal, unit, source);
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context)
    {
        var signals = declared.OfType<PostgresProbeOptions>().ToList();
        return signals.Count == 0 ? [] : [new PostgresProbe(signals, context)];
    }

    private static bool IsOfARelation(PostgresSignal source) =>
        source is PostgresSignal.Calls or PostgresSignal.MeanTime or PostgresSignal.Rows;

    private static SignalUnit NaturalUnit(PostgresSignal source) =>
        source switch
        {
            PostgresSignal.Connections
            or PostgresSignal.Active
            or PostgresSignal.IdleInTransaction
            or PostgresSignal.Blocked
            or PostgresSignal.Rows => SignalUnit.Number,
            PostgresSignal.LongestTransaction or PostgresSignal.ReplicationLag or PostgresSignal.MeanTime =>
                SignalUnit.Seconds,
            PostgresSignal.Commits or PostgresSignal.Rollbacks or PostgresSignal.Deadlocks or PostgresSignal.Calls =>
                SignalUnit.PerSecond,
        };
}
