using System.Collections.Immutable;
using Tidelock.Texts;

namespace Tidelock.Notifications;

/// <summary>What came of telling.</summary>
/// <param name="Identifiers">What the channel finds its message by later on, as it stands now; journaled, so no secrets.</param>
/// <param name="Problem">Why not everything got through; null where it did.</param>
public sealed record Delivery(ImmutableSortedDictionary<string, string> Identifiers, Message? Problem)
{
    /// <summary>There was nothing to tell, or nothing worth a line in the journal.</summary>
    public static Delivery Nothing { get; } =
        new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal), null) { IsNothing = true };

    /// <summary>Everything got through.</summary>
    public static Delivery Sent(ImmutableSortedDictionary<string, string> identifiers) => new(identifiers, null);

    /// <summary>Not everything got through; <paramref name="identifiers"/> tell how far it got.</summary>
    public static Delivery Failed(ImmutableSortedDictionary<string, string> identifiers, Message problem) =>
        new(identifiers, problem);

    public bool IsNothing { get; private init; }

    /// <summary>How long the receiver wants to be left alone; null where it did not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>
    /// Whether it need not be journaled at once: where its program is killed, the receiver gets the same again and knows it.
    /// </summary>
    public bool MayWait { get; init; }

    /// <summary>Whether only a person can mend it: a token that was revoked, a channel that is not there.</summary>
    public bool NeedsPerson { get; init; }
}

/// <summary>Whether a channel would take a notice.</summary>
/// <param name="Passed">Whether it would.</param>
/// <param name="Finding">As whom and where; or why not, and what to do.</param>
public sealed record ChannelAnswer(bool Passed, Message Finding);
