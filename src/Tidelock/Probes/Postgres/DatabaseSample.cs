using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>Signals of the whole database, from one look at it. What this role is not shown is an error, and never the few it is shown.</summary>
internal sealed record DatabaseSample(DatabaseLook Look, DatabaseRates? Rates, PostgresTarget Target, DateTimeOffset At)
{
    public Sample Of(string signal, PostgresSignal source) =>
        source switch
        {
            PostgresSignal.Connections => Sample.Of(signal, At, Look.Connections),
            PostgresSignal.Active => Seen(signal, Look.Active),
            PostgresSignal.IdleInTransaction => Seen(signal, Look.IdleInTransaction),
            PostgresSignal.Blocked => Seen(signal, Look.Blocked),
            PostgresSignal.LongestTransaction => Seen(signal, Look.LongestTransaction),
            PostgresSignal.ReplicationLag => Lag(signal),
            PostgresSignal.Commits => Rate(signal, Rates?.Commits),
            PostgresSignal.Rollbacks => Rate(signal, Rates?.Rollbacks),
            PostgresSignal.Deadlocks => Rate(signal, Rates?.Deadlocks),
            PostgresSignal.Calls or PostgresSignal.MeanTime or PostgresSignal.Rows => throw new ArgumentException(
                "needs a relation",
                nameof(source)
            ),
        };

    private Sample Seen(string signal, double value) =>
        Look.Hidden == 0 ? Sample.Of(signal, At, value) : NotAllowed(signal);

    private Sample Rate(string signal, double? rate) =>
        rate is { } known
            ? Sample.Of(signal, At, known)
            : Sample.NoData(signal, At, Message.Of("probes.postgres.counted-anew"));

    private Sample Lag(string signal) =>
        Look switch
        {
            { Standbys: null } => NotAllowed(signal),
            { Standbys: 0 } => Sample.NoData(signal, At, Message.Of("probes.postgres.no-standby")),
            { ReplicationLag: { } lag } => Sample.Of(signal, At, lag),
            _ => Sample.NoData(signal, At, Message.Of("probes.postgres.lag-unknown")),
        };

    private Sample NotAllowed(string signal) =>
        Sample.Error(signal, At, Message.Of("probes.postgres.no-privilege", ("user", Target.User)));
}
