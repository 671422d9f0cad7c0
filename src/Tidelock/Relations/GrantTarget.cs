using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>What privileges are given on.</summary>
/// <param name="On">As GRANT names it: <c>table public.v</c>.</param>
/// <param name="Acl">A query for its access list and the one it has by default: columns <c>acl</c> and <c>standard</c>.</param>
/// <param name="ForEverybody">The privilege that PUBLIC has by default; null for none.</param>
internal sealed record GrantTarget(string On, string Acl, string? ForEverybody = null)
{
    public static GrantTarget Table(RelationName name) =>
        new(
            $"table {name.Sql}",
            $"select relacl as acl, acldefault('r', relowner) as standard from pg_class where oid = {Identifiers.Literal(name.Sql)}::regclass"
        );

    /// <param name="name">With schema and argument types.</param>
    public static GrantTarget Routine(string name) =>
        new(
            $"routine {name}",
            $"select proacl as acl, acldefault('f', proowner) as standard from pg_proc where oid = {Identifiers.Literal(name)}::regprocedure",
            "EXECUTE"
        );

    /// <param name="name">With schema; also a view's, for its row type.</param>
    public static GrantTarget Type(string name) =>
        new(
            $"type {name}",
            $"select typacl as acl, acldefault('T', typowner) as standard from pg_type where oid = {Identifiers.Literal(name)}::regtype",
            "USAGE"
        );
}
