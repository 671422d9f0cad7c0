using Tidelock.Contracts;
using Tidelock.Gates;
using Tidelock.Rehearsals;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>What a deployment would do, found out without changing anything. Each list is lines for a person.</summary>
/// <param name="Header">Which change goes where.</param>
/// <param name="Change">What the change does to its relation, or why it cannot be made.</param>
/// <param name="Kept">What hangs on the relation and stays.</param>
/// <param name="Locks">What is locked, for how long, and who is in the way now.</param>
/// <param name="WayBack">The way back and how far it is proven.</param>
/// <param name="Surprises">What reads the relation by name and will meet the new shape; warnings.</param>
/// <param name="Gates">The checklist.</param>
public sealed record DeploymentPlan(
    Message Header,
    IReadOnlyList<Message> Change,
    IReadOnlyList<Message> Kept,
    IReadOnlyList<Message> Locks,
    IReadOnlyList<Message> WayBack,
    IReadOnlyList<Message> Surprises,
    IReadOnlyList<GateStanding> Gates
)
{
    /// <summary>How the content that the change makes compares with the old one; empty where that is not declared.</summary>
    public IReadOnlyList<Message> Content { get; init; } = [];

    /// <summary>How the new definition does on the real data; empty where that has not been tried.</summary>
    public IReadOnlyList<CandidateFinding> Candidate { get; init; } = [];

    /// <summary>Whether the content would differ where it may not or is not known to be as declared, or something would fail on the new definition.</summary>
    public bool ContentRefuses { get; init; }

    /// <summary>The DDL of the way there as it was done on the copy, in order.</summary>
    public IReadOnlyList<RehearsedStatement> Statements { get; init; } = [];

    /// <summary>The DDL of the way back as it was done on the copy, in order.</summary>
    public IReadOnlyList<RehearsedStatement> BackStatements { get; init; } = [];

    /// <summary>What the rehearsal foresees, as an approval is bound to it; null where it foresees nothing.</summary>
    public IReadOnlyList<string>? Foreseen { get; init; }

    /// <summary>Whether no gate refuses the start, and the content neither.</summary>
    public bool Ready => !ContentRefuses && !Gates.Any(g => g.Refuses);
}
