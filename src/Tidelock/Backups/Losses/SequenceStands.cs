using Npgsql;
using NpgsqlTypes;
using Tidelock.Postgres;

namespace Tidelock.Backups.Losses;

/// <summary>The last number that a sequence has given out.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="Name">Its name.</param>
/// <param name="Value">The number.</param>
/// <param name="Descends">Whether it counts down.</param>
internal sealed record SequenceStand(string Schema, string Name, long Value, bool Descends)
{
    /// <summary>The one of two stands of a sequence that has given out more.</summary>
    public SequenceStand Further(SequenceStand other) =>
        this with
        {
            Value = Descends ? Math.Min(Value, other.Value) : Math.Max(Value, other.Value),
        };
}

/// <summary>
/// Numbers that were given out stay given out: rows that a restore takes away, mails and other systems know them, so what is restored goes on from there
/// and not from where the backup stood. Sequences that begin anew by themselves (CYCLE) are left alone.
/// </summary>
internal static class SequenceStands
{
    /// <summary>A sequence stays locked until the statement that asks it ends, and the lock table has an end.</summary>
    private const int AtOnce = 500;

    private const string Reading = """
        select c.oid, n.nspname::text, c.relname::text, c.last, c.seqincrement < 0
        from (select s.oid, s.relnamespace, s.relname, s.seqincrement,
                     case when pg_catalog.has_sequence_privilege(s.oid, 'usage, select') then pg_catalog.pg_sequence_last_value(s.oid) end as last
              from (select c.oid, c.relnamespace, c.relname, s.seqincrement
                    from pg_catalog.pg_class c join pg_catalog.pg_sequence s on s.seqrelid = c.oid
                    where c.relkind = 'S' and c.relpersistence <> 't' and not s.seqcycle and c.oid > $1 order by c.oid limit $2) s) c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        order by c.oid
        """;

    /// <summary>
    /// Only forward, and not past the end that the sequence has here. What is asked of a sequence is asked of rows of <c>pg_sequence</c>: the server may ask
    /// before it joins, and of a table it would be an error.
    /// </summary>
    private const string Carrying = """
        select f.schema, f.name, pg_catalog.setval(f.oid::regclass, f.value)
        from (
          select w.schema, w.name, w.value, c.oid
          from unnest($1::text[], $2::text[], $3::bigint[]) w(schema, name, value)
            join pg_catalog.pg_namespace n on n.nspname = w.schema
            join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind = 'S'
            join pg_catalog.pg_sequence s on s.seqrelid = c.oid
            cross join lateral (select case when c.relpersistence <> 't' and pg_catalog.has_sequence_privilege(s.seqrelid, 'usage, select')
                                            then pg_catalog.pg_sequence_last_value(s.seqrelid) end as last) l
          where not s.seqcycle and c.relpersistence <> 't' and w.value between s.seqmin and s.seqmax
            and pg_catalog.has_sequence_privilege(s.seqrelid, 'update')
            and case when s.seqincrement > 0 then w.value > l.last or (l.last is null and w.value >= s.seqstart)
                     else w.value < l.last or (l.last is null and w.value <= s.seqstart) end
          offset 0
        ) f
        """;

    /// <summary>Every sequence of the session's database that has given out a number and that the role may ask.</summary>
    public static async Task<IReadOnlyList<SequenceStand>> ReadAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var stands = new List<SequenceStand>();
        for (uint after = 0; ; )
        {
            var some = await session
                .QueryAsync(
                    Reading,
                    r =>
                        (
                            Oid: r.GetFieldValue<uint>(0),
                            Stand: r.IsDBNull(3)
                                ? null
                                : new SequenceStand(r.GetString(1), r.GetString(2), r.GetInt64(3), r.GetBoolean(4))
                        ),
                    cancellation,
                    DatabaseProperties.Of(after),
                    new NpgsqlParameter { Value = AtOnce }
                )
                .ConfigureAwait(false);
            stands.AddRange(some.Select(s => s.Stand).OfType<SequenceStand>());
            if (some.Count < AtOnce)
            {
                return stands;
            }

            after = some[^1].Oid;
        }
    }

    /// <summary>Sets each sequence of the session's database that is behind to where it stood.</summary>
    /// <returns>Those that were set.</returns>
    public static async Task<IReadOnlyList<RelationName>> CarryAsync(
        PostgresSession session,
        IReadOnlyList<SequenceStand> stands,
        CancellationToken cancellation
    )
    {
        var carried = new List<RelationName>();
        foreach (var some in stands.Chunk(AtOnce))
        {
            carried.AddRange(
                await session
                    .QueryAsync(
                        Carrying,
                        r => new RelationName(r.GetString(0), r.GetString(1)),
                        cancellation,
                        Texts(some.Select(s => s.Schema)),
                        Texts(some.Select(s => s.Name)),
                        new NpgsqlParameter { Value = some.Select(s => s.Value).ToArray() }
                    )
                    .ConfigureAwait(false)
            );
        }

        return carried;
    }

    /// <summary>Both, each sequence where it stood further.</summary>
    public static IReadOnlyList<SequenceStand> Further(
        IReadOnlyList<SequenceStand> one,
        IReadOnlyList<SequenceStand> other
    ) => [.. one.Concat(other).GroupBy(s => (s.Schema, s.Name)).Select(g => g.Aggregate((a, b) => a.Further(b)))];

    private static NpgsqlParameter Texts(IEnumerable<string> texts) =>
        new() { Value = texts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
