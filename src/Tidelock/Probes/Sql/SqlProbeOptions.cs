namespace Tidelock.Probes.Sql;

/// <summary><c>{ sql: "select …" }</c>: the number in the first column of the only row.</summary>
public sealed record SqlProbeOptions(string Signal, SignalUnit Unit, string Sql) : ProbeOptions(Signal, Unit);
