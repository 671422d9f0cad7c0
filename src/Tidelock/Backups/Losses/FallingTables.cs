using Tidelock.Postgres;

namespace Tidelock.Backups.Losses;

/// <summary>
/// Tables that are, at any depth, partitions or heirs of what a backup holds: a restore in place drops that, and them with it, also where the
/// backup knows nothing of them.
/// </summary>
internal static class FallingTables
{
    public static async Task<HashSet<RelationName>> ReadAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        // Partitioned tables have no rows of their own and stand among the grants alone.
        var held = manifest
            .Tables.Select(t => new RelationName(t.Schema, t.Name))
            .Concat(manifest.Grants.Select(g => new RelationName(g.Schema, g.Name)))
            .ToHashSet();
        var heirs = await session
            .QueryAsync(
                """
                with recursive up(heir, parent) as (
                  select inhrelid, inhparent from pg_catalog.pg_inherits
                  union
                  select u.heir, i.inhparent from up u join pg_catalog.pg_inherits i on i.inhrelid = u.parent
                )
                select hn.nspname::text, h.relname::text, pn.nspname::text, p.relname::text
                from up join pg_catalog.pg_class h on h.oid = up.heir join pg_catalog.pg_namespace hn on hn.oid = h.relnamespace
                  join pg_catalog.pg_class p on p.oid = up.parent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
                where h.relkind = 'r'
                """,
                r =>
                    (
                        Heir: new RelationName(r.GetString(0), r.GetString(1)),
                        Parent: new RelationName(r.GetString(2), r.GetString(3))
                    ),
                cancellation
            )
            .ConfigureAwait(false);
        return [.. heirs.Where(h => held.Contains(h.Parent)).Select(h => h.Heir)];
    }
}
