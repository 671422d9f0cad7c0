using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>
/// Grants as they were: whatever default privileges added to the new relation is taken away first, and each grant is made by the role
/// that made it.
/// </summary>
internal static class GrantRestore
{
    /// <param name="target">What the grants are on.</param>
    /// <param name="owner">Its owner.</param>
    /// <param name="grants">The explicit grants in their order; null where there were none.</param>
    public static IEnumerable<string> Statements(
        GrantTarget target,
        string owner,
        IReadOnlyList<CapturedGrant>? grants
    ) =>
        [
            grants is null ? ResetToDefault(target, owner) : RevokeAll(target),
            .. InOrder(owner, grants ?? []).SelectMany(g => Grant(target, owner, g, "")),
        ];

    /// <summary>Of a relation and its columns.</summary>
    public static IEnumerable<string> Statements(CapturedRelation relation, IEnumerable<CapturedColumn> columns)
    {
        var target = GrantTarget.Table(relation.Name);
        return
        [
            .. Statements(target, relation.Owner, relation.Grants),
            .. columns.SelectMany(c =>
                InOrder(relation.Owner, c.Grants ?? [], relation.Grants ?? [])
                    .SelectMany(g => Grant(target, relation.Owner, g, $" ({Identifiers.Quote(c.Name)})"))
            ),
            .. relation.TypeGrants is null
                ? []
                : Statements(GrantTarget.Type(relation.Name.Sql), relation.Owner, relation.TypeGrants),
        ];
    }

    private static string RevokeAll(GrantTarget target) => Loop(target, "", "");

    /// <summary>Leaves a missing ACL missing: it follows the server's defaults, an explicit one does not.</summary>
    private static string ResetToDefault(GrantTarget target, string owner) =>
        Loop(
            target,
            "where o.acl is not null",
            $"""
            if found then
                grant all on {target.On} to {(target.ForEverybody is null ? "" : "public, ")}{Identifiers.Quote(owner)};
            end if;
            """
        );

    private static string Loop(GrantTarget target, string condition, string afterwards) =>
        "do "
        + Identifiers.Literal(
            $"""
            declare
                holder text;
            begin
                for holder in
                    select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
                    from ({target.Acl}) o, aclexplode(coalesce(o.acl, o.standard)) a
                    {condition}
                loop
                    execute {Identifiers.Literal($"revoke all on {target.On} from ")} || holder || ' cascade';
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

    private static IEnumerable<string> Grant(GrantTarget target, string owner, CapturedGrant grant, string columns)
    {
        var grantee = grant.Grantee is null ? "public" : Identifiers.Quote(grant.Grantee);
        var statement =
            $"grant {grant.Privilege.ToLowerInvariant()}{columns} on {target.On} to {grantee}"
            + (grant.Grantable ? " with grant option" : "");
        return string.Equals(grant.Grantor, owner, StringComparison.Ordinal)
            ? [statement]
            : [$"set local role {Identifiers.Quote(grant.Grantor)}", statement, "set local role none"];
    }
}
