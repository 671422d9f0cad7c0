using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Losses;

/// <summary>
/// What tables would lose by their counters of then and now. They are comparable only for the same table (oid) with the same file: TRUNCATE
/// counts no rows.
/// </summary>
/// <param name="Incomparable">Why no counter can be compared; null where they can.</param>
/// <param name="Falling">Tables that were not there then and that a restore in place drops all the same.</param>
internal sealed record TableComparison(Message? Incomparable, IReadOnlySet<RelationName> Falling)
{
    /// <summary>Every table of then or now, the unknown first and then those with the largest losses.</summary>
    public IReadOnlyList<LostTableWrites> Losses(IReadOnlyList<TableState> then, IReadOnlyList<TableState> now)
    {
        var left = now.ToDictionary(t => (t.Schema, t.Name));
        var losses = then.Select(t => Loss(t, left.Remove((t.Schema, t.Name), out var same) ? same : null)).ToList();
        losses.AddRange(left.Values.Select(NewTable));
        return [.. losses.OrderByDescending(l => l.Counted?.Total ?? long.MaxValue)];
    }

    /// <summary>
    /// Of what a dump holds besides ordinary tables, as <see cref="TableStates.OthersAsync"/> reads it: what may have changed. A backup of an earlier
    /// version did not note it (null), so that of all that is there now nothing is known.
    /// </summary>
    public IReadOnlyList<LostTableWrites> Others(IReadOnlyList<TableState>? then, IReadOnlyList<TableState> now)
    {
        var there = now.Where(t => t.Rows != 0).ToList();
        if (then is null)
        {
            return [.. there.Select(t => new LostTableWrites(NameOf(t), null, NotNoted, null, null))];
        }

        var held = then.Where(t => t.Rows != 0 || there.Exists(n => n.Oid == t.Oid)).ToList();
        return
        [
            .. Losses(held, [.. now.Where(n => n.Rows != 0 || held.Exists(t => t.Oid == n.Oid))])
                .Where(l => l.Rows != 0)
                .Select(l => l with { RowsThen = null, ArePages = l.Table == LargeObjects }),
        ];
    }

    private static readonly RelationName LargeObjects = new("pg_catalog", "pg_largeobject");

    private static Message NotNoted => Message.Of("backups.lost.not-noted");

    private LostTableWrites Loss(TableState then, TableState? now)
    {
        var count = now is null
            ? new WriteCount(0, 0, 0)
            : new WriteCount(now.Inserted - then.Inserted, now.Updated - then.Updated, now.Deleted - then.Deleted);
        var why =
            now is null ? Message.Of("backups.lost.gone")
            : Incomparable is not null ? Incomparable
            : now.Oid != then.Oid ? Message.Of("backups.lost.other-table")
            : now.FileNode != then.FileNode ? Message.Of("backups.lost.rewritten")
            : count.Inserted < 0 || count.Updated < 0 || count.Deleted < 0 ? Message.Of("backups.lost.statistics-reset")
            : null;
        return new LostTableWrites(NameOf(then), why is null ? count : null, why, null, null)
        {
            RowsThen = now is null ? null : then.Rows,
        };
    }

    /// <summary>Its counters began later, with the table itself.</summary>
    private LostTableWrites NewTable(TableState now)
    {
        var falls = Falling.Contains(NameOf(now));
        return new LostTableWrites(
            NameOf(now),
            Incomparable is null ? new WriteCount(now.Inserted, now.Updated, now.Deleted) : null,
            Incomparable,
            null,
            null,
            IsNew: !falls
        )
        {
            Falls = falls,
            RowsThen = falls ? 0 : null,
        };
    }

    private static RelationName NameOf(TableState table) => new(table.Schema, table.Name);
}
