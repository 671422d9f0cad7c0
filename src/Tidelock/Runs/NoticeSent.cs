using System.Collections.Immutable;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>People, or a program of theirs, were told over one channel.</summary>
/// <param name="Channel">The channel: <c>slack</c>, <c>pagerduty</c>, …</param>
/// <param name="Upto">The newest event of the run that this channel has told of.</param>
/// <param name="Hash">The hash of that event's entry.</param>
/// <param name="Identifiers">What the channel finds its message by later on: its own words, no secrets.</param>
public sealed record NoticeSent(string Channel, long Upto, string Hash, IReadOnlyDictionary<string, string> Identifiers)
    : RunEvent
{
    public override RunState Apply(RunState state) =>
        state.WithNotices(
            Channel,
            n =>
                n with
                {
                    Upto = Upto,
                    SentAt = At,
                    Identifiers = NoticeStanding.Of(Identifiers),
                    Problem = null,
                    FailedAt = null,
                }
        );
}

/// <summary>A notice did not get through. It is tried again, and stops nothing.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Problem">Why not.</param>
/// <param name="Identifiers">What the channel finds its message by, as far as it got.</param>
public sealed record NoticeFailed(string Channel, Message Problem, IReadOnlyDictionary<string, string> Identifiers)
    : RunEvent
{
    public override RunState Apply(RunState state) =>
        state.WithNotices(
            Channel,
            n => n with { Identifiers = NoticeStanding.Of(Identifiers), Problem = Problem, FailedAt = n.FailedAt ?? At }
        );
}

/// <summary>How one channel of a run stands.</summary>
/// <param name="Channel">Which.</param>
public sealed record NoticeStanding(string Channel)
{
    /// <summary>The newest event it has told of; 0 for none.</summary>
    public long Upto { get; init; }

    public DateTimeOffset? SentAt { get; init; }

    /// <summary>What it finds its message by.</summary>
    public ImmutableSortedDictionary<string, string> Identifiers { get; init; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Why the last try failed; null where it did not.</summary>
    public Message? Problem { get; init; }

    /// <summary>Since when nothing gets through.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    internal static ImmutableSortedDictionary<string, string> Of(IReadOnlyDictionary<string, string> identifiers) =>
        identifiers.ToImmutableSortedDictionary(StringComparer.Ordinal);
}
