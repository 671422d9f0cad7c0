using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// One item of the checklist. Looks, changes nothing, may be asked as often as somebody likes, and answers within its own time
/// limit. It throws only when the journal or the database is lost; anything else it cannot find out is "not passed", with why.
/// </summary>
public interface IGate
{
    /// <summary>The name people type: <c>staging</c>, <c>backup</c>, <c>approval</c>, …</summary>
    string Name { get; }

    /// <summary>How much the gate matters in this change.</summary>
    GateLevel Level(GateOptions options);

    /// <summary>Whether a person may pass over it with a reason. The backup and the way back may not be.</summary>
    bool MayBeOverridden => true;

    /// <summary>Whether a person's word is enough where the machine cannot know.</summary>
    bool MayBeConfirmed => true;

    Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation);
}

/// <summary>What a gate found.</summary>
/// <param name="Passed">Whether it holds. Unknown is not passed.</param>
/// <param name="Finding">What was found and, where it does not hold, who can mend it and how.</param>
/// <param name="By">Who confirmed it; null when the machine knew.</param>
public sealed record GateFinding(bool Passed, Message Finding, string? By = null);

/// <summary>What a gate looks at.</summary>
/// <param name="Change">The change.</param>
/// <param name="TargetEnvironment">Where it is to be deployed.</param>
/// <param name="Target">The database.</param>
/// <param name="Journal">Runs and words given earlier.</param>
/// <param name="Words">What people said about this digest in this environment, oldest first.</param>
/// <param name="UsedUp">When a run of this digest last ended here, completed or taken back; null for never.</param>
/// <param name="Time">The clock.</param>
public sealed record GateContext(
    Change Change,
    TargetEnvironment TargetEnvironment,
    PostgresTarget Target,
    IJournal Journal,
    IReadOnlyList<Word> Words,
    DateTimeOffset? UsedUp,
    TimeProvider Time
)
{
    public GateOptions Options => Change.Section<GateOptions>();

    /// <summary>How long before a start a person's word on it may have been given.</summary>
    public static TimeSpan WordsHold { get; } = TimeSpan.FromHours(24);

    /// <summary>
    /// The words on a gate that count for a start now, oldest first: a confirmation or an override belongs to one start, so it was given
    /// since the last one was used up, and not longer ago than <see cref="WordsHold"/>. What its giver withdrew does not count.
    /// </summary>
    /// <param name="gate">The gate's name.</param>
    /// <param name="ahead">How much earlier than other words those on this gate are asked for.</param>
    public IReadOnlyList<Word> WordsOn(string gate, TimeSpan ahead = default) =>
        [.. Spoken(gate).Where(w => (UsedUp is null || w.At > UsedUp) && Time.GetUtcNow() - w.At <= WordsHold + ahead)];

    /// <summary>The last confirmation of a gate that counts for a start now; null for none.</summary>
    public Word? Confirmation(string gate) => WordsOn(gate).LastOrDefault(w => w.Kind == WordKind.Confirmed);

    /// <summary>The same finding, after saying that there is a confirmation and that it counts no more.</summary>
    public Message Unconfirmed(string gate, Message missing) =>
        Spoken(gate).LastOrDefault(w => w.Kind == WordKind.Confirmed) is { } word
            ? Message.Of(
                "gates.word-used-up",
                ("by", word.By),
                ("at", word.At),
                ("hold", WordsHold),
                ("missing", missing)
            )
            : missing;

    private IEnumerable<Word> Spoken(string gate)
    {
        var words = Words.Where(w => string.Equals(w.Gate, gate, StringComparison.Ordinal)).ToList();
        return words.Where((w, at) => w.Kind != WordKind.Withdrawn && !words.Skip(at).Any(l => Withdraws(l, w)));
    }

    private static bool Withdraws(Word later, Word word) =>
        later.Kind == WordKind.Withdrawn && string.Equals(later.By, word.By, StringComparison.OrdinalIgnoreCase);
}
