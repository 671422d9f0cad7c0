using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What tables would lose, in words: those that are not known by their reason, then the largest losses.</summary>
internal static class LostWords
{
    private const int Shown = 3;

    public static Message Of(IEnumerable<LostTableWrites> tables)
    {
        var all = tables.Where(t => t.IsNew || t.Rows != 0).ToList();
        var unknown = all.Where(t => t.Rows is null).GroupBy(t => t.Why!).Select(Unknown);
        var lines = unknown.Concat(all.Where(t => t.Rows is not null).Select(Known)).ToList();
        return lines.Count == 0 ? Message.Of("rollbacks.lost.none") : Several.Of(lines);
    }

    /// <summary>In a few words that need no language: names with their rows, the largest losses first, or the names of those that are not known.</summary>
    public static IReadOnlyList<string> Largest(LostWrites lost) =>
        lost.Whole is null
            ? [.. lost.Tables.Where(t => t.Rows is null).Take(Shown).Select(t => $"{t.Table}")]
            :
            [
                .. lost
                    .Tables.Where(t => t.Rows > 0)
                    .Take(Shown)
                    .Select(t => $"{t.Table} {RowFigure.Of(t.Rows!.Value)}"),
            ];

    /// <summary>Names, comma between them, of too many only the first.</summary>
    public static string Names(IReadOnlyCollection<RelationName> tables)
    {
        var first = tables.Take(Shown).Select(t => $"{t}");
        return string.Join(", ", tables.Count > Shown ? first.Append($"+{tables.Count - Shown}") : first);
    }

    private static Message Unknown(IGrouping<Message, LostTableWrites> tables) =>
        Message.Of("rollbacks.lost.unknown", ("tables", Names([.. tables.Select(t => t.Table)])), ("why", tables.Key));

    private static Message Known(LostTableWrites table)
    {
        var line = Message.Of(
            "rollbacks.lost.table",
            ("table", table.Table),
            ("rows", RowFigure.Of(table.Rows!.Value))
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
