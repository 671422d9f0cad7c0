using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence.Soaking;

/// <summary>
/// How long a completed change was seen to be in place without a breach. The run's own watch is the first look. Time between two looks
/// that are further apart than the gap was seen by nobody: stability is counted anew after it. A breach takes all before it away; a gap
/// only ends a stretch.
/// </summary>
/// <param name="Longest">The longest stretch since the last breach.</param>
/// <param name="Current">The stretch that goes on now, or was the last one.</param>
/// <param name="Looks">How many looks found all as it should be.</param>
/// <param name="Gap">The last time nobody looked; null for none.</param>
/// <param name="Breach">The last breach; null for none.</param>
public sealed record SoakStanding(
    SoakStretch Longest,
    SoakStretch Current,
    int Looks,
    SoakStretch? Gap,
    SoakBreach? Breach
)
{
    /// <summary>The longest time between two looks where nothing else is said.</summary>
    public static TimeSpan UsualGap { get; } = TimeSpan.FromHours(1);

    /// <param name="completedAt">When the run was declared complete.</param>
    /// <param name="looks">At this run's change, oldest first.</param>
    /// <param name="gap">The longest time between two looks.</param>
    /// <param name="now">Until when the last look counts, if that is not longer than the gap.</param>
    public static SoakStanding Of(
        DateTimeOffset completedAt,
        IEnumerable<SoakLook> looks,
        TimeSpan gap,
        DateTimeOffset now
    )
    {
        var standing = new SoakStanding(new(completedAt, completedAt), new(completedAt, completedAt), 0, null, null);
        foreach (var look in looks.Where(l => l.At >= completedAt && l.At <= now))
        {
            standing = look switch
            {
                { Breaches: [var first, ..] } => standing.Broken(look.At, first),
                { Unseen.Count: > 0 } => standing,
                _ => standing.Seen(look.At, gap) with { Looks = standing.Looks + 1 },
            };
        }

        return now - standing.Current.To <= gap && !standing.IsBroken ? standing.Seen(now, gap)
            : standing.IsBroken ? standing
            : standing with { Gap = new(standing.Current.To, now) };
    }

    /// <summary>Whether nothing good was seen since the last breach.</summary>
    public bool IsBroken => Breach is { } breach && breach.At == Current.To;

    private SoakStanding Seen(DateTimeOffset at, TimeSpan gap) =>
        IsBroken ? this with { Longest = new(at, at), Current = new(at, at) }
        : at - Current.To > gap ? this with { Gap = new(Current.To, at), Current = new(at, at) }
        : Grown(Current with { To = at });

    private SoakStanding Grown(SoakStretch current) =>
        this with
        {
            Current = current,
            Longest = current.Lasted >= Longest.Lasted ? current : Longest,
        };

    private SoakStanding Broken(DateTimeOffset at, Message what) =>
        this with
        {
            Longest = new(at, at),
            Current = new(at, at),
            Breach = new(at, what),
        };
}

/// <summary>From the first to the last look of a stretch, or a time without one.</summary>
public sealed record SoakStretch(DateTimeOffset From, DateTimeOffset To)
{
    public TimeSpan Lasted => To - From;
}

/// <summary>What a look found wrong.</summary>
public sealed record SoakBreach(DateTimeOffset At, Message Finding);
