using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary><c>{ postgres: connections }</c>: how many client connections the database has.</summary>
public sealed record PostgresConnectionsProbeOptions(string Signal, SignalUnit Unit) : ProbeOptions(Signal, Unit);

/// <summary><c>{ postgres: calls, relation: public.attempt }</c>: statements per second that name the relation, less our own.</summary>
public sealed record PostgresCallsProbeOptions(string Signal, SignalUnit Unit, RelationName Relation)
    : ProbeOptions(Signal, Unit);
