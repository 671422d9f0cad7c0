using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Compares the restored copy of a dump whose origin nobody wrote down with the database it is said to be of: staging's usually has the same
/// name. What is told apart is another set of tables or columns, another size, and a sequence that is further than the database ever came. A dump that
/// passes may still be of another database; that is why a person vouches for it.
/// </summary>
internal static class BackupOrigin
{
    /// <summary>A table may have grown or shrunk so much since a dump that is fresh enough to be accepted.</summary>
    private const int Factor = 2;

    /// <summary>Below this many rows a factor says nothing.</summary>
    private const long Few = 1000;

    /// <summary>What shows that the dump is of another database; null where nothing does.</summary>
    /// <param name="path">The dump.</param>
    /// <param name="copy">The restored copy, which may be analyzed.</param>
    /// <param name="target">Only read.</param>
    public static async Task<Message?> DifferenceAsync(
        string path,
        PostgresSession copy,
        PostgresSession target,
        CancellationToken cancellation
    )
    {
        await copy.ExecuteAsync("analyze", cancellation).ConfigureAwait(false);
        var theirs = await TablesAsync(copy, cancellation).ConfigureAwait(false);
        var ours = await TablesAsync(target, cancellation).ConfigureAwait(false);
        return Tables(path, theirs, ours)
            ?? Rows(path, theirs, ours)
            ?? Sequences(
                path,
                await SequencesAsync(copy, cancellation).ConfigureAwait(false),
                await SequencesAsync(target, cancellation).ConfigureAwait(false)
            );
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

    private static Message? Rows(string path, IReadOnlyList<Table> theirs, IReadOnlyList<Table> ours)
    {
        var here = ours.ToDictionary(t => t.Name, t => t.Rows);
        var other = theirs.FirstOrDefault(t => IsAnotherSize(t.Rows, here[t.Name]));
        return other is null
            ? null
            : Message.Of(
                "backups.origin.rows",
                ("path", path),
                ("table", other.Name),
                ("rows", other.Rows),
                ("expected", here[other.Name])
            );
    }

    /// <summary>An estimate of -1 is none.</summary>
    private static bool IsAnotherSize(long one, long other) =>
        one >= 0 && other >= 0 && Math.Max(one, other) > Math.Max(Few, Factor * Math.Min(one, other));

    private static Message? Sequences(
        string path,
        IReadOnlyDictionary<RelationName, long> theirs,
        IReadOnlyDictionary<RelationName, long> ours
    ) =>
        theirs
            .Where(s => ours.TryGetValue(s.Key, out var value) && s.Value > value)
            .Select(s =>
                Message.Of(
                    "backups.origin.sequence",
                    ("path", path),
                    ("sequence", s.Key),
                    ("value", s.Value),
                    ("expected", ours[s.Key])
                )
            )
            .FirstOrDefault();

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
