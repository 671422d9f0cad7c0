using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>What a run is watched by once people have changed bounds of it.</summary>
internal static class BoundChanges
{
    /// <summary>As declared, with the bounds that were changed since, in the order in which they came to count.</summary>
    public static WatchOptions Live(WatchOptions declared, IEnumerable<BoundChanged> bounds) =>
        bounds.Where(b => b.Standing is BoundStanding.Applied).Aggregate(declared, Replaced);

    public static Dictionary<string, SignalUnit> Units(WatchOptions options) =>
        options.Probes.ToDictionary(p => p.Signal, p => p.Unit, StringComparer.Ordinal);

    public static bool Is(Criterion criterion, string text) =>
        string.Equals(criterion.Text, text, StringComparison.Ordinal);

    /// <summary>It was read once already, when it came to count.</summary>
    private static WatchOptions Replaced(WatchOptions options, BoundChanged bound) =>
        CriterionParser.TryParse(bound.Criterion, Units(options), out var criterion, out _, out _)
            ? options with
            {
                RollBackWhen = [.. options.RollBackWhen.Select(c => Is(c, bound.InsteadOf) ? criterion : c)],
                Healthy = [.. options.Healthy.Select(c => Is(c, bound.InsteadOf) ? criterion : c)],
            }
            : options;
}
