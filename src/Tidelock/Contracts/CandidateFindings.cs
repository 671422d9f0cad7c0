using System.Text.Json.Serialization;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>
/// How a view's new definition did on the real data before anything was changed: the contract, what depends on the view and the declared
/// queries, tried on it. Journaled as a fact and shown in the report.
/// </summary>
/// <param name="Relation">The view.</param>
/// <param name="Checks">In order.</param>
public sealed record CandidateFindings(RelationName Relation, IReadOnlyList<CandidateFinding> Checks)
{
    /// <summary>The name of the fact.</summary>
    internal const string Fact = "candidate";

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>Whether something would not hold, so that the change must not be made. What could not be checked does not refuse, and is never good.</summary>
    [JsonIgnore]
    public bool Refuses => Broken.Any();

    [JsonIgnore]
    private IEnumerable<CandidateFinding> Broken => Checks.Where(c => c.Standing == CandidateStanding.Broken);

    /// <summary>In one sentence, where it refuses.</summary>
    [JsonIgnore]
    internal Message Refusal =>
        Message.Of(
            "contracts.candidate.refuses",
            ("relation", Relation),
            ("count", Broken.Count()),
            ("first", Broken.First().Text)
        );
}

/// <summary>One thing that was tried on a new definition.</summary>
/// <param name="Standing">How it went.</param>
/// <param name="Text">What it was and what was found.</param>
public sealed record CandidateFinding(CandidateStanding Standing, Message Text)
{
    internal static CandidateFinding Holds(Message text) => new(CandidateStanding.Holds, text);

    internal static CandidateFinding Broken(Message text) => new(CandidateStanding.Broken, text);

    internal static CandidateFinding Unchecked(Message name, Message reason) =>
        new(
            CandidateStanding.Unchecked,
            Message.Of("contracts.candidate.unchecked", ("check", name), ("reason", reason))
        );
}

/// <summary>How a check of a new definition went.</summary>
public enum CandidateStanding
{
    /// <summary>It would hold.</summary>
    Holds,

    /// <summary>It would not.</summary>
    Broken,

    /// <summary>Nobody knows: it could not be tried before the change.</summary>
    Unchecked,
}
