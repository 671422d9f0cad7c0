using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence.Soaking;

/// <summary>
/// How long a completed change was seen to be in place without a breach: from the commit, since the run's own watch looked first, up to the
/// last look. Time between two looks that are further apart than the gap was seen by nobody, and so was the time since the last one: stability
/// is counted anew after a gap, and a breach takes all before it away.
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

    /// <summary>From when a completed run saw no breach itself: from its commit, or from its end where there was one that people lived with.</summary>
    public static DateTimeOffset SeenFrom(DateTimeOffset? appliedAt, DateTimeOffset endedAt, bool hadBreach) =>
        hadBreach ? endedAt : appliedAt ?? endedAt;

    /// <param name="seenFrom">As <see cref="SeenFrom"/> says.</param>
    /// <param name="completedAt">When the run was declared complete.</param>
    /// <param name="looks">At this run's change, in the order in which they were written down. A breach counts whatever its machine's clock said.</param>
    /// <param name="gap">The longest time between two looks.</param>
    /// <param name="now">Looks of a later time saw nothing yet.</param>
    public static SoakStanding Of(
        DateTimeOffset seenFrom,
        DateTimeOffset completedAt,
        IEnumerable<SoakLook> looks,
        TimeSpan gap,
        DateTimeOffset now
    )
    {
        var run = new SoakStretch(seenFrom, completedAt);
        var standing = new SoakStanding(run, run, 0, null, null);
        foreach (var look in looks)
        {
            standing = look switch
            {
                { Breaches: [var first, ..] } => standing.Broken(Within(look.At, standing.Current.To, now), first),
                { Unseen.Count: > 0 } => standing,
                _ when look.At < standing.Current.To || look.At > now => standing,
                _ => standing.Seen(look.At, gap) with { Looks = standing.Looks + 1 },
            };
        }

        return standing.IsBroken || now - standing.Current.To <= gap
            ? standing
            : standing with
            {
                Gap = new(standing.Current.To, now),
            };
    }

    private static DateTimeOffset Within(DateTimeOffset at, DateTimeOffset from, DateTimeOffset to) =>
        at < from ? from
        : at <= to ? at
        : to > from ? to
        : from;

    /// <summary>The stretch by which a time that is asked for is judged: the last one where it is long enough, else the longest.</summary>
    public SoakStretch For(TimeSpan soak) => Current.Lasted >= soak ? Current : Longest;

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
