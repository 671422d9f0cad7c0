using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>A session that holds a lock the migration needs.</summary>
/// <param name="ProcessId">Its backend; 0 for a prepared transaction.</param>
/// <param name="User">Its role.</param>
/// <param name="Application">What it calls itself.</param>
/// <param name="Age">How long its transaction has been open.</param>
/// <param name="State"><c>active</c>, <c>idle in transaction</c>, …</param>
/// <param name="Query">The first 100 characters of its last query.</param>
/// <param name="Relation">Which relation it holds; null for something else, such as a row.</param>
public sealed record Blocker(
    int ProcessId,
    string User,
    string Application,
    TimeSpan Age,
    string State,
    string Query,
    RelationName? Relation
)
{
    /// <summary>When it connected; null without the right to see it, and of a prepared transaction.</summary>
    public DateTimeOffset? BackendStart { get; init; }

    /// <summary>When its transaction began; null without the right to see it, and of a prepared transaction.</summary>
    public DateTimeOffset? TransactionStart { get; init; }

    /// <summary>Whether it is an autovacuum worker that gives way: one against wraparound does not.</summary>
    public bool GivesWay { get; init; }

    /// <summary>Whether it does nothing at the moment: there is no query to cancel.</summary>
    public bool IsIdle => State.StartsWith("idle in transaction", StringComparison.Ordinal);

    /// <summary>Whether it is the same transaction of the same session.</summary>
    public bool IsSame(Blocker other) => ProcessId == other.ProcessId && TransactionStart == other.TransactionStart;

    /// <summary>For people.</summary>
    public Message Text =>
        Message.Of(
            Relation is null ? "migrations.blocker-other" : "migrations.blocker",
            ("pid", ProcessId),
            ("user", User),
            ("application", Application),
            ("age", Age),
            ("state", State),
            ("query", Query),
            ("relation", (object?)Relation ?? "-")
        );
}
