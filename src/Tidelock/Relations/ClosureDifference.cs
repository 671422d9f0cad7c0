using System.Text.Json.Serialization;
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
    [JsonIgnore]
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

    /// <summary>The same without the texts of a definition, which are long, and stand elsewhere.</summary>
    internal ClosureDifference Short =>
        Part is ClosurePart.Definition
            ? this with
            {
                Before = Before is null ? null : "",
                After = After is null ? null : "",
            }
            : this;
}

/// <summary>Differences as lines for people.</summary>
public static class ClosureDifferences
{
    /// <summary>
    /// In their order; of a relation that came or went one line instead of one for each of its parts. One that became another kind did both.
    /// </summary>
    public static IReadOnlyList<Message> Texts(this IEnumerable<ClosureDifference> differences) =>
        [
            .. differences
                .GroupBy(d => d.Relation)
                .SelectMany(g =>
                    g.Where(d => d.Part == ClosurePart.Existence).ToList() is [var existence]
                        ? [Existence(existence, [.. g])]
                        : g.Select(d => d.Text)
                ),
        ];

    private static Message Existence(ClosureDifference existence, IReadOnlyList<ClosureDifference> parts)
    {
        int Count(ClosurePart part) => parts.Count(d => d.Part == part);
        return Message.Of(
            existence.After is null ? "relations.gone" : "relations.came",
            ("relation", existence.Relation),
            ("kind", existence.What),
            ("grants", Count(ClosurePart.Grant)),
            ("comments", Count(ClosurePart.Comment)),
            ("indexes", Count(ClosurePart.Index)),
            ("others", Count(ClosurePart.Rule) + Count(ClosurePart.Trigger) + Count(ClosurePart.Label))
        );
    }
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
