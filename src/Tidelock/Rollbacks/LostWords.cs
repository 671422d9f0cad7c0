using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What tables would lose, in words: those that are not known by their reason, then the largest losses.</summary>
internal static class LostWords
{
    private const int Shown = 3;

    /// <param name="lost">What would be lost.</param>
    /// <param name="isMeant">Of which tables; those that lose nothing are left out.</param>
    public static Message Of(LostWrites lost, Func<LostTableWrites, bool> isMeant)
    {
        var all = lost.Tables.Where(isMeant).Where(t => t.IsNew || t.Rows != 0).ToList();
        var unknown = all.Where(t => t.Rows is null).GroupBy(t => t.Why!).Select(Unknown);
        var known = all.Where(t => t.Rows is not null).Select(t => Known(t, lost.AtLeast));
        List<Message> lines = [.. unknown, .. known];
        return lines.Count == 0 ? None(lost) : Several.Of(lines);
    }

    private static Message None(LostWrites lost) =>
        Message.Of(
            lost == LostWrites.Unknown ? "rollbacks.lost.not-known"
            : lost.AtLeast ? "rollbacks.lost.none-told"
            : "rollbacks.lost.none"
        );

    /// <summary>In a few words that need no language: names with their rows, the largest losses first, or the names of those that are not known.</summary>
    public static IReadOnlyList<string> Largest(LostWrites lost) =>
        lost.Whole is null
            ? [.. lost.Tables.Where(t => t.Rows is null).Take(Shown).Select(t => $"{t.Table}")]
            :
            [
                .. lost
                    .Tables.Where(t => t.Rows > 0 && !t.ArePages)
                    .Take(Shown)
                    .Select(t => $"{t.Table} {RowFigure.Of(t.Rows!.Value)}"),
            ];

    /// <summary>Names, comma between them, of too many only the first.</summary>
    public static string Names(IReadOnlyCollection<RelationName> tables)
    {
        var first = tables.Take(Shown).Select(t => $"{t}");
        return string.Join(", ", tables.Count > Shown ? first.Append($"+{tables.Count - Shown}") : first);
    }

    /// <summary>The finding of a restore, with the sequences that were set on from where the backup had them.</summary>
    public static Message With(Message finding, IReadOnlyList<RelationName> carried) =>
        carried.Count == 0
            ? finding
            : Message.Of(
                "rollbacks.sequences.carried",
                ("finding", finding),
                ("count", carried.Count),
                ("sequences", Names([.. carried]))
            );

    private static Message Unknown(IGrouping<Message, LostTableWrites> tables) =>
        Message.Of("rollbacks.lost.unknown", ("tables", Names([.. tables.Select(t => t.Table)])), ("why", tables.Key));

    private static Message Known(LostTableWrites table, bool atLeast)
    {
        if (table.ArePages)
        {
            return Message.Of("rollbacks.lost.pages", ("pages", RowFigure.Of(table.Rows, atLeast: false)));
        }

        var line = Message.Of(
            "rollbacks.lost.table",
            ("table", table.Table),
            ("rows", RowFigure.Of(table.Rows, atLeast))
        );
        if (table is { RowsThen: { } then, RowsNow: { } now } && then != now)
        {
            line = Message.Of(
                "rollbacks.lost.counted",
                ("line", line),
                ("then", RowFigure.Of(then)),
                ("now", RowFigure.Of(now))
            );
        }

        return table.NewestAt is { } at ? Message.Of("rollbacks.lost.newest", ("line", line), ("at", at)) : line;
    }
}
