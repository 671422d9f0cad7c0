using System.Text.Json.Serialization;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>All that a CASCADE could take along, at one moment.</summary>
/// <param name="Objects">Views, functions, policies, triggers, rules, foreign keys and the like, without those of extensions.</param>
internal sealed record PresentObjects(IReadOnlyList<PresentObject> Objects)
{
    /// <summary>What partitions have of their table: it goes with that and is not named, but what is one's own may become it.</summary>
    [JsonIgnore]
    internal IReadOnlyList<PresentObject> Inherited { get; init; } = [];

    private IEnumerable<PresentObject> All => Objects.Concat(Inherited);

    /// <param name="session">Open; nothing but catalogs is read.</param>
    /// <param name="parts">Whether what needs nothing else is listed too, such as a column of a plain type, and grants.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<PresentObjects> ReadAsync(
        PostgresSession session,
        bool parts,
        CancellationToken cancellation
    )
    {
        var found = await session
            .QueryAsync(
                SqlText.Beside<PresentObjects>("PresentObjects"),
                r =>
                    (
                        IsInherited: r.GetBoolean(5),
                        Object: new PresentObject(
                            r.GetString(0),
                            r.GetString(1),
                            r.IsDBNull(2) ? null : r.GetString(2),
                            r.GetFieldValue<string[]>(3)
                        )
                        {
                            Id = r.IsDBNull(4) ? null : r.GetString(4),
                            HasRows = r.GetBoolean(6),
                        }
                    ),
                cancellation,
                new NpgsqlParameter { Value = parts }
            )
            .ConfigureAwait(false);
        var kinds = found.ToLookup(f => f.IsInherited, f => f.Object);
        return new([.. kinds[false]]) { Inherited = [.. kinds[true]] };
    }

    /// <summary>What is there no more by its name; a part goes with its whole and is not named beside it.</summary>
    public IReadOnlyList<PresentObject> GoneIn(PresentObjects later) => Wholes(UnnamedIn(later));

    /// <summary>
    /// The same without what only has another name. A grant has nothing but its name, so on what was renamed it counts as kept.
    /// </summary>
    public IReadOnlyList<PresentObject> LostIn(PresentObjects later)
    {
        var now = later.All.Select(o => o.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var renamed = UnnamedIn(later).ToLookup(o => o.Id is not null && now.Contains(o.Id));
        var names = renamed[true].Select(o => o.Identity).ToHashSet(StringComparer.Ordinal);
        return Wholes(renamed[false].Where(o => o.Id is not null || !names.Contains(o.Of!)));
    }

    /// <summary>The names of what is another one under the same name, as a table that was swapped by renames.</summary>
    public IReadOnlySet<string> ReplacedIn(PresentObjects later)
    {
        var now = later.All.ToLookup(o => o.Key, o => o.Id);
        return Objects
            .Where(o => o.Of is null && now[o.Key].Any(id => id != o.Id))
            .Select(o => o.Identity)
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The tables and columns whose rows are there no more, be it that others have their names; not what was renamed.</summary>
    public IReadOnlyList<PresentObject> RowsGoneIn(PresentObjects later)
    {
        var now = later.All.Select(o => o.Id).ToHashSet(StringComparer.Ordinal);
        return Wholes(Objects.Where(o => o.HasRows && !now.Contains(o.Id)));
    }

    /// <summary>
    /// What is gone together with something that it cannot be there without, as a CASCADE leaves it. What was dropped alone was dropped
    /// on purpose.
    /// </summary>
    public async Task<IReadOnlyList<PresentObject>> TornInAsync(
        PresentObjects now,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var gone = GoneIn(now);
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

    private List<PresentObject> UnnamedIn(PresentObjects later)
    {
        var now = later.All.Select(o => o.Key).ToHashSet();
        return [.. Objects.Where(o => !now.Contains(o.Key))];
    }

    private static List<PresentObject> Wholes(IEnumerable<PresentObject> gone)
    {
        var all = gone.ToList();
        var names = all.Select(o => o.Identity).ToHashSet(StringComparer.Ordinal);
        return [.. all.Where(o => o.Of is null || !names.Contains(o.Of))];
    }
}
