using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>One privilege that somebody has on a relation, the owner's own included.</summary>
/// <param name="Schema">Schema of the relation.</param>
/// <param name="Name">Its name.</param>
/// <param name="Sequence">Whether it is a sequence, for which GRANT has another word.</param>
/// <param name="Grantee">The role; empty for PUBLIC.</param>
/// <param name="Privilege">For example <c>SELECT</c>.</param>
public sealed record RelationGrant(string Schema, string Name, bool Sequence, string Grantee, string Privilege)
{
    internal string RevokeSql =>
        $"revoke {Privilege} on {(Sequence ? "sequence" : "table")} {new RelationName(Schema, Name).Sql} from "
        + (Grantee.Length == 0 ? "public" : Identifiers.Quote(Grantee));

    internal static async Task<IReadOnlyList<RelationGrant>> ReadAsync(
        PostgresSession session,
        CancellationToken cancellation
    ) =>
        await session
            .QueryAsync(
                """
                select n.nspname::text, c.relname::text, c.relkind = 'S', coalesce(r.rolname::text, ''), a.privilege_type
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                  cross join aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's'::"char" else 'r' end, c.relowner))) a
                  left join pg_roles r on r.oid = a.grantee
                where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relpersistence <> 't'
                  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                order by 1, 2, 4, 5
                """,
                r => new RelationGrant(r.GetString(0), r.GetString(1), r.GetBoolean(2), r.GetString(3), r.GetString(4)),
                cancellation
            )
            .ConfigureAwait(false);
}
