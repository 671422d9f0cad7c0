using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Relations;

/// <summary>One thing that is not as it was.</summary>
/// <param name="Relation">Of which relation.</param>
/// <param name="Part">What kind of thing.</param>
/// <param name="What">Which, in SQL's words: <c>grant SELECT to reporting</c>.</param>
/// <param name="Before">How it was; null for something new.</param>
/// <param name="After">How it is; null for something lost.</param>
public sealed record ClosureDifference(
    RelationName Relation,
    ClosurePart Part,
    string What,
    string? Before,
    string? After
)
{
    /// <summary>For people.</summary>
    public Message Text =>
        (Before, After) switch
        {
            (null, _) => Message.Of("relations.added", ("relation", Relation), ("what", What), ("after", After)),
            (_, null) => Message.Of("relations.lost", ("relation", Relation), ("what", What), ("before", Before)),
            _ => Message.Of(
                "relations.changed",
                ("relation", Relation),
                ("what", What),
                ("before", Before),
                ("after", After)
            ),
        };
}

/// <summary>The parts of a relation that are compared.</summary>
public enum ClosurePart
{
    Existence,
    Definition,
    Column,
    Owner,
    Option,
    Grant,
    Comment,
    Rule,
    Trigger,
    Default,
    Index,
    Storage,
    Populated,
    Label,
    Extension,

    /// <summary>A function, policy, … that depends on it.</summary>
    Object,

    /// <summary>Something this version cannot put back.</summary>
    Unrestorable,
}
