namespace Tidelock.Probes.Postgres;

/// <summary>What the database's counters add up to in a second. Counters that began anew in between tell nothing of the time before.</summary>
internal sealed class CounterRates(TimeProvider time)
{
    private DatabaseLook? before;
    private long lookedAt;

    /// <summary>Per second since the last look; null where there is none to compare with.</summary>
    public DatabaseRates? Next(DatabaseLook look)
    {
        var seconds = time.GetElapsedTime(lookedAt).TotalSeconds;
        var isSame =
            before is not null
            && seconds > 0
            && string.Equals(before.Since, look.Since, StringComparison.Ordinal)
            && look.Counters.IsAfter(before.Counters);
        var rates = isSame
            ? new DatabaseRates(
                (look.Counters.Commits - before!.Counters.Commits) / seconds,
                (look.Counters.Rollbacks - before.Counters.Rollbacks) / seconds,
                (look.Counters.Deadlocks - before.Counters.Deadlocks) / seconds
            )
            : null;
        (before, lookedAt) = (look, time.GetTimestamp());
        return rates;
    }
}

/// <summary>Per second.</summary>
internal sealed record DatabaseRates(double Commits, double Rollbacks, double Deadlocks);
