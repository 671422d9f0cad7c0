using System.Text.Json;
using Tidelock.Runs;

namespace Tidelock.Evidence.History;

/// <summary>All runs of a journal since a time, and the figures of each environment. A public contract as JSON.</summary>
/// <param name="From">Runs that began earlier are left out.</param>
/// <param name="To">The time of the look.</param>
/// <param name="Environments">By name.</param>
/// <param name="Runs">Newest first.</param>
public sealed record DeploymentHistory(
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<DeploymentFigures> Environments,
    IReadOnlyList<RunFigures> Runs
)
{
    /// <summary>The shape of the JSON.</summary>
    public string Format => "tidelock/history/v1";

    /// <param name="journal">All of it is read: rows of what began before <paramref name="from"/> only as far as they tell when a digest was first heard of.</param>
    /// <param name="environment">Only this one; null for all.</param>
    public static async Task<DeploymentHistory> ReadAsync(
        IJournal journal,
        DateTimeOffset from,
        DateTimeOffset now,
        string? environment,
        CancellationToken cancellation
    )
    {
        var heads = await journal.ListAsync(cancellation).ConfigureAwait(false);
        var known = await KnownAsync(journal, heads, cancellation).ConfigureAwait(false);
        var runs = new List<RunFigures>();
        foreach (var head in heads)
        {
            if (
                RunEvents.Parse(head.First) is not RunStarted started
                || started.At < from
                || started.At > now
                || (
                    environment is not null
                    && !string.Equals(started.TargetEnvironment, environment, StringComparison.Ordinal)
                )
            )
            {
                continue;
            }

            var entries = await RunReader.EntriesAsync(journal, head.Run, cancellation).ConfigureAwait(false);
            if (RunFigures.Of(head.Run.Value, [.. Readable(entries)], known[started.Digest]) is { } figures)
            {
                runs.Add(figures);
            }
        }

        return Of(runs, from, now);
    }

    internal static DeploymentHistory Of(IReadOnlyList<RunFigures> runs, DateTimeOffset from, DateTimeOffset now) =>
        new(
            from,
            now,
            [
                .. runs.GroupBy(r => r.Environment, StringComparer.Ordinal)
                    .OrderBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g => DeploymentFigures.Of(g.Key, [.. g], now - from)),
            ],
            runs
        );

    public string ToJson() => JsonSerializer.Serialize(this, HistoryJson.Default.DeploymentHistory) + "\n";

    /// <summary>When each digest was first heard of: a run of it began anywhere, a plan of it was shown, somebody said a word on it.</summary>
    private static async Task<Dictionary<string, DateTimeOffset>> KnownAsync(
        IJournal journal,
        IReadOnlyList<RunHeads> heads,
        CancellationToken cancellation
    )
    {
        var known = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        void Heard(string digest, DateTimeOffset at) =>
            known[digest] = known.TryGetValue(digest, out var earlier) && earlier < at ? earlier : at;
        var started = heads.Select(h => RunEvents.Parse(h.First)).OfType<RunStarted>().ToList();
        foreach (var run in started)
        {
            Heard(run.Digest, run.At);
        }

        foreach (var (digest, environment) in started.Select(s => (s.Digest, s.TargetEnvironment)).Distinct())
        {
            try
            {
                var book = new WordBook(journal, digest, environment);
                foreach (var word in await book.ReadAsync(cancellation).ConfigureAwait(false))
                {
                    Heard(digest, word.At);
                }
            }
            catch (StreamBrokenException)
            {
                // Its run says when it was heard of at the latest; that its words were changed, `report --verify` and the gate tell.
            }
        }

        return known;
    }

    private static IEnumerable<RunEvent> Readable(IEnumerable<JournalEntry> entries) =>
        entries.Select(e => UnreadEntry.TryRead(e).Event).OfType<RunEvent>();
}
