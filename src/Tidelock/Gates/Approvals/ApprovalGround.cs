using Tidelock.Changes;
using Tidelock.Policies;
using Tidelock.Postgres;
using Tidelock.Rollbacks;

namespace Tidelock.Gates.Approvals;

/// <summary>What approvals are held against: what is to be deployed, where, by whom, and what stands there now.</summary>
/// <param name="Change">The change, read for its environment.</param>
/// <param name="Environment">The environment's name.</param>
/// <param name="Now">The time.</param>
internal sealed record ApprovalGround(Change Change, string Environment, DateTimeOffset Now)
{
    /// <summary>When the change would be made: until then approvals must not have expired.</summary>
    public DateTimeOffset Start { get; init; } = Now;

    /// <summary>Who runs the change.</summary>
    public string Executor { get; init; } = "";

    /// <summary>Who wrote it: one person, by every name that is known; empty where nobody knows.</summary>
    public IReadOnlyList<string> Author { get; init; } = [];

    /// <summary>The database as <c>SYSTEM/NAME</c>; null where nobody looked.</summary>
    public string? Target { get; init; }

    /// <summary>The relation as it stands now; null where the change is about none.</summary>
    public RunBaseline? Relation { get; init; }

    /// <summary>What the relation is compared over.</summary>
    public PostgresSession? Session { get; init; }

    public ApprovalGateOptions Options => Change.Section<GateOptions>().Approval;

    public EnvironmentPolicy? Policy => Change.Section<GateOptions>().Policy;

    /// <summary>Whether different people must write, approve and run the change.</summary>
    public bool SeparatesPeople => Options.Required > 1;

    public bool IsAuthor(string person) => Author.Any(a => PersonName.IsSame(a, person));

    public bool Allows(OwnWork work) => Policy?.Allowed.HasFlag(work) == true;
}
