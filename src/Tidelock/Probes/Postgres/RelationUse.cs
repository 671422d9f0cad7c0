using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>How a relation is read, from the differences between two looks at the statements that read it.</summary>
internal sealed class RelationUse(RelationName relation, TimeProvider time)
{
    /// <summary>What the known statements must make up of all that was seen last, so that their count stands for all.</summary>
    private const double Most = 0.8;

    private readonly Dictionary<string, bool> reads = new(StringComparer.Ordinal);
    private Look? whole;
    private Look? latest;
    private double rate;

    /// <summary>
    /// What was added since the last look, and in how many seconds; null at the first. Where there are others that are not known yet, the
    /// known ones count at least for themselves; but they never tell that the relation is read less than before, which would be the others:
    /// null then. A look that knows all counts from the last one that did, so that nothing is lost.
    /// </summary>
    public (StatementCounters Added, double Seconds)? Next(IEnumerable<CountedStatement> statements, bool areAll)
    {
        var now = new Look(
            statements.Where(Reads).ToDictionary(s => s.Key, s => s.Counters, StringComparer.Ordinal),
            time.GetTimestamp()
        );
        var use = Between(areAll ? whole : latest, now);
        if (!areAll && (use is not var (known, span) || known.Calls == 0 || known.Calls / span < rate * Most))
        {
            return null;
        }

        latest = now;
        if (areAll)
        {
            whole = now;
            rate = use is var (added, seconds) ? added.Calls / seconds : 0;
        }

        return use;
    }

    private (StatementCounters Added, double Seconds)? Between(Look? before, Look now)
    {
        var seconds = before is null ? 0 : time.GetElapsedTime(before.At, now.At).TotalSeconds;
        return seconds <= 0
            ? null
            : (
                now.Counters.Select(s => s.Value.Since(before!.Counters.GetValueOrDefault(s.Key)))
                    .Aggregate(StatementCounters.None, (sum, added) => sum + added),
                seconds
            );
    }

    private bool Reads(CountedStatement statement)
    {
        if (!reads.TryGetValue(statement.Text, out var known))
        {
            reads[statement.Text] = known = RelationReading.IsIn(statement.Text, relation);
        }

        return known;
    }

    private sealed record Look(Dictionary<string, StatementCounters> Counters, long At);
}
