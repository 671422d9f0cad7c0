using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary><c>{ postgres: connections }</c>, <c>{ postgres: calls, relation: public.attempt }</c>.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">As <see cref="Source"/> has it, unless the author says otherwise.</param>
/// <param name="Source">What is read.</param>
/// <param name="Relation">Whose queries are looked at; null where it is the whole database.</param>
public sealed record PostgresProbeOptions(
    string Signal,
    SignalUnit Unit,
    PostgresSignal Source,
    RelationName? Relation = null
) : ProbeOptions(Signal, Unit);
