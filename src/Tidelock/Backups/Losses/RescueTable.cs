using System.Security.Cryptography;
using System.Text;
using Tidelock.Postgres;

namespace Tidelock.Backups.Losses;

/// <summary>A table whose rows may have to be saved.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">All columns in order.</param>
/// <param name="Key">The columns of its primary key; none where it has none.</param>
internal sealed record RescueTable(RelationName Name, IReadOnlyList<RescueColumn> Columns, IReadOnlyList<string> Key)
{
    /// <summary>Whether the session's role may read every row of it.</summary>
    public bool IsReadable { get; init; } = true;

    private const int LongestName = 63;
    private const int DigestLetters = 8;

    /// <summary>
    /// All tables that a backup can hold, by their names. Columns of types that the database has for itself are text in a side table, so that it needs
    /// nothing that a restore drops; so are those that name objects, which the other database may not have.
    /// </summary>
    public static Task<List<RescueTable>> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        session.QueryAsync(
            """
            select n.nspname::text, c.relname::text, a.names, a.types,
                   array(select k.attname::text from pg_catalog.pg_index i cross join unnest(i.indkey) with ordinality p(attnum, at)
                         join pg_catalog.pg_attribute k on k.attrelid = c.oid and k.attnum = p.attnum
                         where i.indrelid = c.oid and i.indisprimary and p.at <= i.indnkeyatts order by p.at),
                   pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')
                     and not pg_catalog.row_security_active(c.oid)
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
              cross join lateral (
                select coalesce(array_agg(a.attname::text order by a.attnum), '{}') as names,
                       coalesce(array_agg(case when t.typnamespace = 'pg_catalog'::regnamespace and t.typname !~ '^_?(reg|money)'
                                               then pg_catalog.format_type(a.atttypid, a.atttypmod) else 'text' end order by a.attnum), '{}') as types
                from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) a
            where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^(pg_|tidelock_rescue_)' and n.nspname <> 'information_schema'
              and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
            order by 1, 2
            """,
            r => new RescueTable(
                new RelationName(r.GetString(0), r.GetString(1)),
                [
                    .. r.GetFieldValue<string[]>(2)
                        .Zip(r.GetFieldValue<string[]>(3), (name, type) => new RescueColumn(name, type)),
                ],
                r.GetFieldValue<string[]>(4)
            )
            {
                IsReadable = r.GetBoolean(5),
            },
            cancellation
        );

    /// <summary>Schema and name as one name, cut where that is too long for PostgreSQL, and then told from others by a digest.</summary>
    public string SideName
    {
        get
        {
            var whole = $"{Name.Schema}.{Name.Name}";
            if (
                Encoding.UTF8.GetByteCount(whole) <= LongestName
                && !Name.Schema.Contains('.', StringComparison.Ordinal)
            )
            {
                return whole;
            }

            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Name.Sql)))[..DigestLetters];
            var room = LongestName - DigestLetters - 1;
            var cut = new StringBuilder();
            foreach (var letter in whole.EnumerateRunes())
            {
                room -= letter.Utf8SequenceLength;
                if (room < 0)
                {
                    break;
                }

                cut.Append(letter);
            }

            return $"{cut}~{digest}";
        }
    }
}

/// <summary>A column of a side table.</summary>
internal sealed record RescueColumn(string Name, string Type);
