using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>What a contract was held to, check by check.</summary>
/// <param name="Relation">The contract's.</param>
/// <param name="Rows">How many were evaluated; 0 when the content was not read.</param>
/// <param name="Checks">The shape, the lock where there is one, the content, then each rule.</param>
public sealed record ContractReport(RelationName Relation, long Rows, IReadOnlyList<ContractCheck> Checks)
{
    public bool Holds => Checks.All(c => c.Findings is []);

    public IEnumerable<Message> Findings => Checks.SelectMany(c => c.Findings ?? []);
}

/// <summary>One check of a contract.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Findings">What does not hold; none when it does; null when it was not looked at, which is not passed.</param>
public sealed record ContractCheck(Message Name, IReadOnlyList<Message>? Findings);
