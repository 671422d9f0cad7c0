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
/// <param name="Time">The clock.</param>
public sealed record GateContext(
    Change Change,
    TargetEnvironment TargetEnvironment,
    PostgresTarget Target,
    IJournal Journal,
    IReadOnlyList<Word> Words,
    TimeProvider Time
)
{
    public GateOptions Options => Change.Section<GateOptions>();

    /// <summary>The last word anybody gave on a gate; null for none.</summary>
    public Word? Confirmation(string gate) =>
        Words.LastOrDefault(w => w.Kind == WordKind.Confirmed && string.Equals(w.Gate, gate, StringComparison.Ordinal));
}
