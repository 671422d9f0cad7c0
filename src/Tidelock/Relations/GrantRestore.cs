using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>
/// Grants as they were: whatever default privileges added to the new relation is taken away first, and each grant is made by the role
/// that made it.
/// </summary>
internal static class GrantRestore
{
    public static IEnumerable<string> Statements(CapturedRelation relation, IEnumerable<CapturedColumn> columns) =>
        [
            relation.Grants is null ? ResetToDefault(relation) : RevokeAll(relation),
            .. InOrder(relation.Owner, relation.Grants ?? []).SelectMany(g => Grant(relation, g, "")),
            .. columns.SelectMany(c =>
                InOrder(relation.Owner, c.Grants ?? [], relation.Grants ?? [])
                    .SelectMany(g => Grant(relation, g, $" ({Identifiers.Quote(c.Name)})"))
            ),
        ];

    private static string RevokeAll(CapturedRelation relation) => Loop(relation, "", "");

    /// <summary>Leaves a missing ACL missing: it follows the server's defaults, an explicit one does not.</summary>
    private static string ResetToDefault(CapturedRelation relation) =>
        Loop(
            relation,
            "and c.relacl is not null",
            $"""
            if found then
                grant all on table {relation.Name.Sql} to {Identifiers.Quote(relation.Owner)};
            end if;
            """
        );

    private static string Loop(CapturedRelation relation, string condition, string afterwards) =>
        "do "
        + Identifiers.Literal(
            $"""
            declare
                holder text;
            begin
                for holder in
                    select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
                    from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
                    where c.oid = {Identifiers.Literal(relation.Name.Sql)}::regclass {condition}
                loop
                    execute {Identifiers.Literal(
                $"revoke all on table {relation.Name.Sql} from "
            )} || holder || ' cascade';
                end loop;
                {afterwards}
            end
            """
        );

    /// <summary>A grant follows the one that gave its grantor the right, whatever order the catalog has them in.</summary>
    private static List<CapturedGrant> InOrder(
        string owner,
        IReadOnlyList<CapturedGrant> grants,
        IReadOnlyList<CapturedGrant>? already = null
    )
    {
        var ordered = new List<CapturedGrant>();
        var rest = grants.ToList();
        while (rest.Find(MayBeMade) is { } next)
        {
            ordered.Add(next);
            rest.Remove(next);
        }

        return [.. ordered, .. rest];

        bool MayBeMade(CapturedGrant grant) =>
            string.Equals(grant.Grantor, owner, StringComparison.Ordinal)
            || ordered
                .Concat(already ?? [])
                .Any(g => g.Grantable && g.Privilege == grant.Privilege && g.Grantee == grant.Grantor);
    }

    private static IEnumerable<string> Grant(CapturedRelation relation, CapturedGrant grant, string columns)
    {
        var grantee = grant.Grantee is null ? "public" : Identifiers.Quote(grant.Grantee);
        var statement =
            $"grant {grant.Privilege.ToLowerInvariant()}{columns} on table {relation.Name.Sql} to {grantee}"
            + (grant.Grantable ? " with grant option" : "");
        return string.Equals(grant.Grantor, relation.Owner, StringComparison.Ordinal)
            ? [statement]
            : [$"set local role {Identifiers.Quote(grant.Grantor)}", statement, "set local role none"];
    }
}
