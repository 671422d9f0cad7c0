namespace Tidelock.Changes;

/// <summary>
/// Lays an environment's own keys over those of the whole change. Two levels are merged key by key (a gate's or a channel's
/// settings); anything deeper, such as one probe, is replaced as a whole, and so are lists. Positions stay those of the author's text.
/// </summary>
internal static class EnvironmentOverride
{
    private const int MergedLevels = 2;

    public static ChangeValue? Merge(ChangeValue? below, ChangeValue? above) => Merge(below, above, MergedLevels);

    private static ChangeValue? Merge(ChangeValue? below, ChangeValue? above, int levels)
    {
        if (above is null || below is null)
        {
            return above ?? below;
        }

        if (levels == 0 || below is not ChangeMapping low || above is not ChangeMapping high)
        {
            return above;
        }

        var merged = low.Entries.Select(e =>
            high.Find(e.Key) is { } own ? own with { Value = Merge(e.Value, own.Value, levels - 1)! } : e
        );
        var added = high.Entries.Where(e => low.Find(e.Key) is null);
        return new ChangeMapping(high.At, [.. merged, .. added]);
    }
}
