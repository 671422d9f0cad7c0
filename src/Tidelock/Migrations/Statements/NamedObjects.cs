namespace Tidelock.Migrations.Statements;

/// <summary>
/// What a quoted name means, as SQL: the id, null for nothing. Where the schema is named no right to it is needed, because
/// <c>to_regclass</c> and <c>to_regtype</c> raise an error without USAGE.
/// </summary>
internal static class NamedObjects
{
    /// <param name="name">An SQL expression of type text.</param>
    public static string Relation(string name) => Id(name, "to_regclass", "pg_class", "rel");

    /// <param name="name">An SQL expression of type text.</param>
    public static string Type(string name) => Id(name, "to_regtype", "pg_type", "typ");

    private static string Id(string name, string search, string catalog, string prefix) =>
        $"""
            (select case when pg_catalog.cardinality(p) = 1 or p[1] = 'pg_temp' then pg_catalog.{search}({name})::pg_catalog.oid
             else (select o.oid from pg_catalog.{catalog} o join pg_catalog.pg_namespace s on s.oid = o.{prefix}namespace
              where s.nspname = p[pg_catalog.cardinality(p) - 1]::pg_catalog.name
                and o.{prefix}name = p[pg_catalog.cardinality(p)]::pg_catalog.name) end
             from pg_catalog.parse_ident({name}) p)
            """;
}
