using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidelock.Runs;

/// <summary>
/// A person's word about a digest in an environment: an approval, a confirmed or overridden gate, a notice. It belongs to the
/// change and not to a run, so it stands in a stream of its own and counts for every run of the same digest.
/// </summary>
/// <param name="Kind">What was said.</param>
/// <param name="Gate">On which gate.</param>
/// <param name="By">Who.</param>
/// <param name="Note">Why, or with which evidence.</param>
/// <param name="At">When it was written down.</param>
/// <param name="Host">On which machine.</param>
public sealed record Word(WordKind Kind, string Gate, string By, string Note, DateTimeOffset At, string Host)
{
    /// <summary>Of a plan: what stood in the database when it was shown; of an approval: what its giver had been shown; of an announcement: what was told. Its owner's own JSON.</summary>
    public JsonElement? Seen { get; init; }

    /// <summary>Of a plan: the database it was of, as <c>SYSTEM/NAME</c>, whatever address led there; of an approval: the one its giver had been shown.</summary>
    public string? Target { get; init; }

    /// <summary>Of a plan: what it foresaw, a line each, in an order of its own; of an approval: what its giver had been shown. Null where nothing could be foreseen.</summary>
    public IReadOnlyList<string>? Foreseen { get; init; }

    /// <summary>Of an approval: what the team's policy demanded then, as a digest; null where it demanded nothing.</summary>
    public string? Demands { get; init; }

    /// <summary>When it counts no more; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>Its giver's signature by an SSH key, as OpenSSH writes it; null where it is not signed.</summary>
    public string? Signature { get; init; }
}

/// <summary>What a word does.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WordKind>))]
public enum WordKind
{
    /// <summary>The gate holds, says a person.</summary>
    Confirmed,

    /// <summary>The gate does not hold and is passed over, says a person.</summary>
    Overridden,

    /// <summary>The change must not be made, says a person; until the same person says otherwise.</summary>
    Denied,

    /// <summary>Earlier words of this person on this gate count no more.</summary>
    Withdrawn,

    /// <summary>Nothing is said: this person was shown a plan.</summary>
    Shown,

    /// <summary>Tidelock itself told the team when it will start; <see cref="Word.Seen"/> says when, and over which channels.</summary>
    Announced,
}
