using System.Globalization;

namespace Tidelock.Backups.PgBackRest;

/// <summary>
/// Whether every log file is archived from the first that a backup needs to the last that a server has filled. pgBackRest's <c>verify</c>
/// reads what is there and does not miss what is not.
/// </summary>
/// <param name="size">Bytes of a log file: <c>wal_segment_size</c>.</param>
internal sealed class WalContinuity(long size)
{
    /// <summary>What is not in the archive.</summary>
    /// <param name="archived">Names in the archive, log files and histories; what else stands there does not matter.</param>
    /// <param name="start">The first that is needed.</param>
    /// <param name="end">The last that must be there.</param>
    /// <param name="history">The history of the end's timeline as its file has it; null where that is the start's.</param>
    public WalGap? Find(IReadOnlySet<string> archived, WalSegment start, WalSegment end, string? history)
    {
        var names = archived.Select(n => n.Split('-')[0]).ToHashSet(StringComparer.Ordinal);
        if (Way(start, end, history) is not { } way)
        {
            return new WalGap([HistoryOf(end.Timeline)], IsAtTheEnd: false);
        }

        var missing = way.SelectMany(w => w).Where(s => !names.Contains(s.Name(size))).ToList();
        var histories = way.Select(w => w.First().Timeline)
            .Where(t => t != start.Timeline)
            .Select(HistoryOf)
            .Where(h => !names.Contains(h))
            .ToList();
        if (missing.Count == 0 && histories.Count == 0)
        {
            return null;
        }

        var newest = way.SelectMany(w => w).LastOrDefault(s => names.Contains(s.Name(size)));
        return new WalGap(
            [.. histories, .. missing.Select(s => s.Name(size))],
            histories.Count == 0 && missing.TrueForAll(s => newest is null || s.Number > newest.Number)
        );
    }

    public static string HistoryOf(uint timeline) =>
        string.Create(CultureInfo.InvariantCulture, $"{timeline:X8}.history");

    /// <summary>
    /// All that is needed, by timeline; null where the end's timeline does not come from the start's. The file in which a timeline begins is
    /// needed on the new one: it holds what the old one had before.
    /// </summary>
    private List<IEnumerable<WalSegment>>? Way(WalSegment start, WalSegment end, string? history)
    {
        if (start.Timeline == end.Timeline)
        {
            return [Run(start.Timeline, start.Number, end.Number)];
        }

        var way = new List<IEnumerable<WalSegment>>();
        var at = start.Number;
        foreach (var (timeline, left) in Switches(history).SkipWhile(s => s.Timeline != start.Timeline))
        {
            if (left > at)
            {
                way.Add(Run(timeline, at, left - 1));
                at = left;
            }
        }

        if (!Switches(history).Any(s => s.Timeline == start.Timeline))
        {
            return null;
        }

        way.Add(Run(end.Timeline, at, Math.Max(at, end.Number)));
        return way;
    }

    /// <summary>Of lines such as <c>1\t0/5053D40\tbefore …</c>: a timeline, and the file in which it was left.</summary>
    private IEnumerable<(uint Timeline, ulong Left)> Switches(string? history)
    {
        foreach (var line in (history ?? "").Split('\n'))
        {
            if (
                line.Split('\t', ' ') is [var first, var position, ..]
                && uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var timeline)
                && WalSegment.Holding(position, size) is { } left
            )
            {
                yield return (timeline, left);
            }
        }
    }

    private static IEnumerable<WalSegment> Run(uint timeline, ulong from, ulong to)
    {
        for (var number = from; number <= to; number++)
        {
            yield return new WalSegment(timeline, number);
        }
    }
}

/// <summary>Files that an archive lacks.</summary>
/// <param name="Names">All of them, histories first.</param>
/// <param name="IsAtTheEnd">Whether nothing newer is there, so that they may still be on their way.</param>
internal sealed record WalGap(IReadOnlyList<string> Names, bool IsAtTheEnd);
