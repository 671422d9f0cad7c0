using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>All that a CASCADE could take along, at one moment.</summary>
/// <param name="Objects">Views, functions, policies, triggers, rules, foreign keys and the like, without those of extensions.</param>
internal sealed record PresentObjects(IReadOnlyList<PresentObject> Objects)
{
    /// <param name="session">Open; nothing but catalogs is read.</param>
    /// <param name="parts">Whether what needs nothing else is listed too, such as a column of a plain type, and grants.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<PresentObjects> ReadAsync(
        PostgresSession session,
        bool parts,
        CancellationToken cancellation
    ) =>
        new(
            await session
                .QueryAsync(
                    SqlText.Beside<PresentObjects>("PresentObjects"),
                    r => new PresentObject(
                        r.GetString(0),
                        r.GetString(1),
                        r.IsDBNull(2) ? null : r.GetString(2),
                        r.GetFieldValue<string[]>(3)
                    )
                    {
                        Id = r.IsDBNull(4) ? null : r.GetString(4),
                    },
                    cancellation,
                    new NpgsqlParameter { Value = parts }
                )
                .ConfigureAwait(false)
        );

    /// <summary>What is there no more; a part goes with its whole and is not named beside it.</summary>
    public IReadOnlyList<PresentObject> GoneIn(PresentObjects later)
    {
        var now = later.Objects.Select(o => o.Key).ToHashSet();
        return Wholes(Objects.Where(o => !now.Contains(o.Key)));
    }

    /// <summary>The tables and columns whose rows are there no more, be it that others have their names; not what was renamed.</summary>
    public IReadOnlyList<PresentObject> RowsGoneIn(PresentObjects later)
    {
        var now = later.Objects.Select(o => o.Id).ToHashSet(StringComparer.Ordinal);
        return Wholes(Objects.Where(o => o.HasRows && !now.Contains(o.Id)));
    }

    private static List<PresentObject> Wholes(IEnumerable<PresentObject> gone)
    {
        var all = gone.ToList();
        var names = all.Select(o => o.Identity).ToHashSet(StringComparer.Ordinal);
        return [.. all.Where(o => o.Of is null || !names.Contains(o.Of))];
    }

    /// <summary>
    /// What is gone together with something that it cannot be there without, as a CASCADE leaves it. What was dropped alone was dropped
    /// on purpose.
    /// </summary>
    public async Task<IReadOnlyList<PresentObject>> TornAsync(PostgresSession session, CancellationToken cancellation)
    {
        var gone = GoneIn(await ReadAsync(session, parts: false, cancellation).ConfigureAwait(false));
        if (gone.Count == 0)
        {
            return [];
        }

        var standing = await session
            .QueryAsync(
                """
                select s from unnest($1::text[]) s, lateral string_to_array(s, '.') p
                where (pg_identify_object(p[1]::oid, p[2]::oid, 0)).identity is not null
                    and not exists (select from unnest(string_to_array(p[3], ',')::int2[]) c
                        where not exists (select from pg_attribute where attrelid = p[2]::oid and attnum = c and not attisdropped))
                """,
                r => r.GetString(0),
                cancellation,
                new NpgsqlParameter { Value = gone.SelectMany(o => o.Needs).Distinct(StringComparer.Ordinal).ToArray() }
            )
            .ConfigureAwait(false);
        var there = standing.ToHashSet(StringComparer.Ordinal);
        return gone.Where(o => !o.Needs.All(there.Contains)).ToList();
    }
}
