using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>How a relation is read, from the differences between two looks at the statements that read it.</summary>
internal sealed class RelationUse(RelationName relation, TimeProvider time)
{
    private readonly Dictionary<string, bool> reads = new(StringComparer.Ordinal);
    private Dictionary<string, StatementCounters>? before;
    private long lookedAt;

    /// <summary>
    /// What was added since the last look, and in how many seconds; null at the first. Where there are others that are not known yet and
    /// none of these was called, nobody knows whether the relation was read: null too, and the next look counts from the same point.
    /// </summary>
    public (StatementCounters Added, double Seconds)? Next(IEnumerable<CountedStatement> statements, bool areAll)
    {
        var now = statements.Where(Reads).ToDictionary(s => s.Key, s => s.Counters, StringComparer.Ordinal);
        var elapsed = time.GetElapsedTime(lookedAt).TotalSeconds;
        (StatementCounters, double)? use =
            before is null || elapsed <= 0
                ? null
                : (
                    now.Select(s => s.Value.Since(before.GetValueOrDefault(s.Key)))
                        .Aggregate(StatementCounters.None, (sum, added) => sum + added),
                    elapsed
                );
        if (!areAll && use is not { Item1.Calls: > 0 })
        {
            return null;
        }

        (before, lookedAt) = (now, time.GetTimestamp());
        return use;
    }

    private bool Reads(CountedStatement statement)
    {
        if (!reads.TryGetValue(statement.Text, out var known))
        {
            reads[statement.Text] = known = RelationReading.IsIn(statement.Text, relation);
        }

        return known;
    }
}
