using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

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
    /// <summary>Who asks: who would run the change.</summary>
    public string By { get; init; } = "";

    /// <summary>Set where what people said was changed in the journal: there are no words then.</summary>
    public Message? Broken { get; init; }

    /// <summary>Who else has run it since it began.</summary>
    public IReadOnlyList<string> TakenBy { get; init; } = [];

    /// <summary>For when the start is planned; null for now.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>When the run began that asks again before it makes the change; null where none has begun, or its start was planned.</summary>
    public DateTimeOffset? Began { get; init; }

    /// <summary>When the run would start.</summary>
    public DateTimeOffset Start => StartsAt is { } planned && planned > Time.GetUtcNow() ? planned : Time.GetUtcNow();

    /// <summary>With what people said by now.</summary>
    /// <param name="change">The change.</param>
    /// <param name="environment">Where it is to be deployed.</param>
    /// <param name="target">The database.</param>
    /// <param name="journal">Runs and words given earlier.</param>
    /// <param name="startsAt">When the start is planned; null for now.</param>
    /// <param name="by">Who asks: who would run the change.</param>
    /// <param name="time">The clock.</param>
    internal static async Task<GateContext> ReadAsync(
        Change change,
        TargetEnvironment environment,
        PostgresTarget target,
        IJournal journal,
        DateTimeOffset? startsAt,
        string by,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var (words, broken) = await WordsAsync(journal, change.Digest, environment.Name, cancellation)
            .ConfigureAwait(false);
        var usedUp = await ChangeRuns
            .LastUsedUpAsync(journal, change.Digest, environment.Name, cancellation)
            .ConfigureAwait(false);
        return new GateContext(change, environment, target, journal, words, usedUp, time)
        {
            StartsAt = startsAt,
            By = by,
            Broken = broken,
        };
    }

    private static async Task<(IReadOnlyList<Word> Words, Message? Broken)> WordsAsync(
        IJournal journal,
        string digest,
        string environment,
        CancellationToken cancellation
    )
    {
        try
        {
            var book = new WordBook(journal, digest, environment);
            return (await book.ReadAsync(cancellation).ConfigureAwait(false), null);
        }
        catch (StreamBrokenException e)
        {
            return ([], e.Problem);
        }
    }

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
        [.. Spoken(gate).Where(w => (UsedUp is null || w.At > UsedUp) && Start - w.At <= WordsHold + ahead)];

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
        : Broken is null ? missing
        : Several.All([missing, Broken]);

    private IEnumerable<Word> Spoken(string gate)
    {
        var words = Words.Where(w => string.Equals(w.Gate, gate, StringComparison.Ordinal)).ToList();
        return words.Where((w, at) => w.Kind != WordKind.Withdrawn && !words.Skip(at).Any(l => Withdraws(l, w)));
    }

    private static bool Withdraws(Word later, Word word) =>
        later.Kind == WordKind.Withdrawn && string.Equals(later.By, word.By, StringComparison.OrdinalIgnoreCase);
}
