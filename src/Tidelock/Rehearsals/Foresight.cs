using System.Text.RegularExpressions;
using Tidelock.Relations;

namespace Tidelock.Rehearsals;

/// <summary>
/// What a rehearsal foresees, as lines that are the same on every machine for as long as the database is: what becomes of the relation, what is
/// done and locked on the way there, and on the way back. No durations, and nothing of who is in the way just then.
/// </summary>
internal static partial class Foresight
{
    /// <summary>Sorted; null where the way was not rehearsed to its end on a copy.</summary>
    public static IReadOnlyList<string>? Of(WayRehearsal rehearsal) =>
        rehearsal is { Problem: null, HeldOnTarget: null, ForwardTook: not null }
            ?
            [
                .. Lines(rehearsal)
                    .Select(l => OwnName().Replace(l, "tidelock_*"))
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ]
            : null;

    private static IEnumerable<string> Lines(WayRehearsal rehearsal) =>
        [
            $"back: by {rehearsal.Method}",
            .. rehearsal is { Relation: { } relation, Recreates: true }
                ? (string[])[$"{relation}: dropped and created"]
                : [],
            .. rehearsal
                .Differences.Where(d => d.Part != ClosurePart.Definition)
                .Select(d => $"{d.Relation}: {d.What}: {d.Before ?? "-"} -> {d.After ?? "-"}"),
            .. rehearsal.Statements.SelectMany(s => Lines("there", s)),
            .. rehearsal.BackStatements.SelectMany(s => Lines("back", s)),
        ];

    private static IEnumerable<string> Lines(string way, RehearsedStatement statement) =>
        [
            $"{way}: {statement.Command} {string.Join(", ", statement.Objects)}".TrimEnd(),
            .. statement.TakenAlong.Select(o => $"{way}: drops {o} too"),
            .. statement.Locks.Select(l => $"{way}: locks {l.Relation} in {l.Mode}"),
        ];

    /// <summary>What Tidelock makes beside the relation for the while has another name at each try.</summary>
    [GeneratedRegex("tidelock_[0-9a-f]{32}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OwnName();
}
