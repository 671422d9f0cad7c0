using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Compares the restored copy of a dump whose origin nobody wrote down with the database it is said to be of: staging's usually has the same
/// name. What is told apart is another set of tables or columns, another size of most large tables, and several sequences that are further than the database ever came. A dump that
/// passes may still be of another database; that is why a person vouches for it.
/// </summary>
internal static class BackupOrigin
{
    /// <summary>A table may have grown or shrunk so much since a dump that is fresh enough to be accepted.</summary>
    private const int Factor = 2;

    /// <summary>Below this many rows a factor says nothing.</summary>
    private const long Few = 1000;

    /// <summary>What shows that the dump is of another database, and null where nothing does; and what alone does not show it.</summary>
    /// <param name="path">The dump.</param>
    /// <param name="copy">The restored copy, which may be analyzed.</param>
    /// <param name="target">Only read.</param>
    public static async Task<(Message? Problem, IReadOnlyList<Message> Notes)> DifferenceAsync(
        string path,
        PostgresSession copy,
        PostgresSession target,
        CancellationToken cancellation
    )
    {
        await copy.ExecuteAsync("analyze", cancellation).ConfigureAwait(false);
        var theirs = await TablesAsync(copy, cancellation).ConfigureAwait(false);
        var ours = await TablesAsync(target, cancellation).ConfigureAwait(false);
        if (Tables(path, theirs, ours) is { } other)
        {
            return (other, []);
        }

        var rows = Rows(path, theirs, ours);
        var sequences = Sequences(
            path,
            await SequencesAsync(copy, cancellation).ConfigureAwait(false),
            await SequencesAsync(target, cancellation).ConfigureAwait(false)
        );
        return (rows.Problem ?? sequences.Problem, [.. new[] { rows.Note, sequences.Note }.OfType<Message>()]);
    }

    private static Message? Tables(string path, IReadOnlyList<Table> theirs, IReadOnlyList<Table> ours)
    {
        var one = theirs.Select(t => (t.Name, t.Columns)).ToHashSet();
        one.SymmetricExceptWith(ours.Select(t => (t.Name, t.Columns)));
        var names = one.Select(t => t.Name.ToString())
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        return names.Count == 0
            ? null
            : Message.Of("backups.origin.tables", ("path", path), ("tables", string.Join(", ", names.Take(10))));
    }

    /// <summary>One table may be cleared or filled in a night; most of the large ones together are not.</summary>
    private static (Message? Problem, Message? Note) Rows(
        string path,
        IReadOnlyList<Table> theirs,
        IReadOnlyList<Table> ours
    )
    {
        var here = ours.ToDictionary(t => t.Name, t => t.Rows);
        var large = theirs
            .Where(t => t.Rows >= 0 && here[t.Name] >= 0 && Math.Max(t.Rows, here[t.Name]) > Few)
            .ToList();
        var others = large.Where(t => IsAnotherSize(t.Rows, here[t.Name])).ToList();
        return Told(
            "backups.origin.rows",
            "backups.origin.rows-noted",
            path,
            [.. others.Select(t => (t.Name, t.Rows, here[t.Name]))],
            others.Count > 1 && others.Count * 2 > large.Count
        );
    }

    private static bool IsAnotherSize(long one, long other) =>
        Math.Max(one, other) > Math.Max(Few, Factor * Math.Min(one, other));

    /// <summary>One sequence may have been set back here.</summary>
    private static (Message? Problem, Message? Note) Sequences(
        string path,
        IReadOnlyDictionary<RelationName, long> theirs,
        IReadOnlyDictionary<RelationName, long> ours
    )
    {
        var further = theirs
            .Where(s => ours.TryGetValue(s.Key, out var value) && s.Value > value)
            .Select(s => (s.Key, s.Value, ours[s.Key]))
            .ToList();
        return Told("backups.origin.sequences", "backups.origin.sequences-noted", path, further, further.Count > 1);
    }

    /// <summary>As a problem, or else as a note; neither where there is nothing to tell.</summary>
    private static (Message? Problem, Message? Note) Told(
        string code,
        string noted,
        string path,
        IReadOnlyList<(RelationName Name, long There, long Here)> what,
        bool isProblem
    )
    {
        if (what.Count == 0)
        {
            return (null, null);
        }

        var names = string.Join(
            ", ",
            what.Take(10).Select(w => FormattableString.Invariant($"{w.Name} {w.There}:{w.Here}"))
        );
        return isProblem
            ? (Message.Of(code, ("path", path), ("names", names)), null)
            : (null, Message.Of(noted, ("names", names)));
    }

    /// <summary>Without partitions, which come and go by the day.</summary>
    private static Task<List<Table>> TablesAsync(PostgresSession session, CancellationToken cancellation) =>
        session.QueryAsync(
            """
            select n.nspname::text, c.relname::text, c.reltuples::bigint,
                   coalesce((select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attname)
                               from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'r' and not c.relispartition and c.relpersistence <> 't'
              and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
            order by 1, 2
            """,
            r => new Table(new RelationName(r.GetString(0), r.GetString(1)), r.GetInt64(2), r.GetString(3)),
            cancellation
        );

    /// <summary>Those that only go up, as far as the role may read them.</summary>
    private static async Task<IReadOnlyDictionary<RelationName, long>> SequencesAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var all = await session
            .QueryAsync(
                """
                select schemaname::text, sequencename::text, last_value from pg_sequences
                where increment_by > 0 and not cycle and last_value is not null order by 1, 2
                """,
                r => (Name: new RelationName(r.GetString(0), r.GetString(1)), Value: r.GetInt64(2)),
                cancellation
            )
            .ConfigureAwait(false);
        return all.ToDictionary(s => s.Name, s => s.Value);
    }

    private sealed record Table(RelationName Name, long Rows, string Columns);
}
