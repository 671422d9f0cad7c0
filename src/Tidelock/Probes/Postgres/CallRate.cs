using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>
/// Calls per second of the statements that read a relation, from the differences between two looks. A statement whose counter fell
/// was reset or forgotten by the server in between, and has been called as often as it says since then.
/// </summary>
internal sealed class CallRate(RelationName relation, TimeProvider time)
{
    private readonly Dictionary<string, bool> reads = new(StringComparer.Ordinal);
    private Dictionary<string, long>? before;
    private long lookedAt;

    /// <summary>The rate since the last look; null at the first.</summary>
    public double? Next(IEnumerable<StatementCalls> statements)
    {
        var now = statements.Where(Reads).ToDictionary(s => s.Key, s => s.Calls, StringComparer.Ordinal);
        var elapsed = time.GetElapsedTime(lookedAt);
        double? rate =
            before is null || elapsed <= TimeSpan.Zero
                ? null
                : now.Sum(s => Since(s.Key, s.Value)) / elapsed.TotalSeconds;
        (before, lookedAt) = (now, time.GetTimestamp());
        return rate;
    }

    private long Since(string statement, long calls)
    {
        var earlier = before!.GetValueOrDefault(statement);
        return calls >= earlier ? calls - earlier : calls;
    }

    private bool Reads(StatementCalls statement)
    {
        if (!reads.TryGetValue(statement.Text, out var known))
        {
            reads[statement.Text] = known = RelationReading.IsIn(statement.Text, relation);
        }

        return known;
    }
}
