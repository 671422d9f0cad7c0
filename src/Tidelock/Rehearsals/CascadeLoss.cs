using Tidelock.Migrations;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// What the change loses on the copy: what a CASCADE takes along and it does not make again, what was on something that it drops and makes
/// again or swaps by renames, and tables and columns with their rows.
/// </summary>
internal static class CascadeLoss
{
    public const string Code = "rehearsals.cascade";

    private static readonly string[] Wholes =
    [
        "view",
        "materialized view",
        "table",
        "foreign table",
        "function",
        "procedure",
        "aggregate",
    ];

    /// <param name="there">How the way there went, with its statements.</param>
    /// <param name="migration">What it may drop.</param>
    /// <param name="before">What was there before it.</param>
    /// <param name="after">What is there after it.</param>
    public static WayRehearsal Judge(
        WayRehearsal there,
        Migration migration,
        PresentObjects before,
        PresentObjects after
    )
    {
        var taken = there.Statements.SelectMany(s => s.TakenAlong).ToHashSet(StringComparer.Ordinal);
        var dropped = there
            .Statements.Where(s => s.Command.StartsWith("DROP ", StringComparison.Ordinal))
            .SelectMany(s => s.Objects)
            .ToHashSet(StringComparer.Ordinal);
        var replaced = before.ReplacedIn(after);
        var gone = before.GoneIn(after);
        var rows = before.RowsGoneIn(after);
        var lost = rows.Union(gone.Where(IsTaken)).Where(o => !migration.MayDrop(o)).ToList();
        return there with
        {
            Made = [.. after.GoneIn(before).Select(o => $"{o}")],
            Dropped = [.. gone.Union(rows).Except(lost).Select(o => $"{o}")],
            Problem = lost.Count == 0 ? there.Problem : there.Problem ?? Problem(lost, migration),
        };

        bool IsTaken(PresentObject o) =>
            taken.Contains($"{o}")
            || (o.Of is not null && (Wholes.Any(kind => taken.Contains($"{kind} {o.Of}")) || IsStripped(o)));

        // A constraint, column or default that is not in the table's new definition was left out of it by its author.
        bool IsStripped(PresentObject o) =>
            o.Kind is "grant" or "trigger" or "policy" or "rule" or "publication relation"
            && (dropped.Contains(o.Of!) || replaced.Contains(o.Of!));
    }

    /// <summary>A way back by the relation's definition makes nothing else again; what the author lets go is gone for good on it too.</summary>
    public static WayRehearsal JudgeBack(WayRehearsal back, Migration migration, IReadOnlyList<PresentObject> gone)
    {
        var lost = gone.Where(o => !migration.MayDrop(o)).ToList();
        return lost.Count == 0
            ? back
            : back with
            {
                Problem = Message.Of(
                    "rehearsals.not-made-again",
                    ("method", back.Method),
                    ("count", lost.Count),
                    ("objects", string.Join(", ", lost)),
                    ("line", migration.DropsLine(lost))
                ),
            };
    }

    private static Message Problem(IReadOnlyList<PresentObject> lost, Migration migration) =>
        Message.Of(
            Code,
            ("count", lost.Count),
            ("objects", string.Join(", ", lost)),
            ("line", migration.DropsLine(lost))
        );
}
