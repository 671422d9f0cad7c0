using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>A view, all that is attached to it, and all that depends on it: enough to put everything back. Journaled as a fact.</summary>
/// <param name="Relation">The view itself.</param>
/// <param name="Dependents">Views and materialized views of any depth, each after those it reads.</param>
/// <param name="Unrestorable">What would be lost with the view and cannot be put back, as PostgreSQL describes it.</param>
/// <param name="Objects">What else depends on them and can be put back, each after what it needs; null for nothing.</param>
public sealed record RelationClosure(
    CapturedRelation Relation,
    IReadOnlyList<CapturedRelation> Dependents,
    IReadOnlyList<string> Unrestorable,
    IReadOnlyList<CapturedObject>? Objects = null
)
{
    /// <summary>The relation and its dependents, each after those it reads.</summary>
    internal IEnumerable<CapturedRelation> All => Dependents.Prepend(Relation);

    /// <summary>What depends on the relation, as people write it; empty for nothing.</summary>
    internal IEnumerable<string> DependentNames =>
        Dependents.Select(d => d.Name.ToString()).Concat((Objects ?? []).Select(o => o.ToString()));

    /// <summary>Everything, each after what it needs: a <see cref="CapturedRelation"/> or a <see cref="CapturedObject"/>.</summary>
    internal IEnumerable<object> InOrder =>
        All.SelectMany((r, i) => (Objects ?? []).Where(o => o.After == i).Prepend<object>(r));

    /// <summary>The same without what goes with somebody's session: temporary views, and what is on them.</summary>
    internal RelationClosure Lasting =>
        this with
        {
            Dependents = [.. Dependents.Where(d => !IsTemporary(d.Name.Schema))],
            Objects = [.. (Objects ?? []).Where(o => !IsTemporary(o.Table ?? o.Name))],
        };

    /// <summary>PostgreSQL keeps this prefix for the schemas of temporary objects.</summary>
    private static bool IsTemporary(string name) => name.StartsWith("pg_temp", StringComparison.Ordinal);

    /// <summary>A closure whose dependents, relations and objects, are given in the order in which they can be created.</summary>
    internal static RelationClosure InThisOrder(
        CapturedRelation relation,
        IEnumerable<object> dependents,
        IReadOnlyList<string> unrestorable
    )
    {
        var relations = new List<CapturedRelation>();
        var objects = new List<CapturedObject>();
        foreach (var dependent in dependents)
        {
            if (dependent is CapturedRelation other)
            {
                relations.Add(other);
            }
            else
            {
                objects.Add((CapturedObject)dependent with { After = relations.Count });
            }
        }

        return new(relation, relations, unrestorable, objects.Count == 0 ? null : objects);
    }
}

/// <summary>Which kind of relation was captured.</summary>
public enum RelationKind
{
    View,
    MaterializedView,
}

/// <summary>One view or materialized view as the catalogs describe it, with pinned settings and an empty search_path.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">View or materialized view.</param>
/// <param name="Owner">The owning role.</param>
/// <param name="Definition"><c>pg_get_viewdef</c> without the semicolon.</param>
/// <param name="Options">Storage parameters as stored: <c>security_barrier=true</c>.</param>
/// <param name="Columns">All columns in order.</param>
/// <param name="Grants">The explicit grants in their order; null where PostgreSQL's built-in defaults apply.</param>
/// <param name="Comment">The comment; null for none.</param>
/// <param name="Rules">Rules by name; <c>_RETURN</c> only where it has a comment.</param>
/// <param name="Triggers">Triggers by name.</param>
/// <param name="Indexes">Indexes of a materialized view, oldest first.</param>
/// <param name="Populated">Whether a materialized view has data.</param>
/// <param name="AccessMethod">Table access method of a materialized view.</param>
/// <param name="Tablespace">Tablespace of a materialized view; null for the database's own.</param>
/// <param name="OwnersDefault">The privileges an owner has where there are no explicit grants: this server's built-in default.</param>
/// <param name="TypeComment">The comment on its row type; null for none.</param>
/// <param name="TypeGrants">Grants on its row type; null for none.</param>
/// <param name="Labels">Security labels on it and its columns; null for none.</param>
/// <param name="ReplicaIdentity">Replica identity of a materialized view as SQL; null for the default.</param>
/// <param name="Extension">The extension it is a member of; null for none.</param>
public sealed record CapturedRelation(
    RelationName Name,
    RelationKind Kind,
    string Owner,
    string Definition,
    IReadOnlyList<string> Options,
    IReadOnlyList<CapturedColumn> Columns,
    IReadOnlyList<CapturedGrant>? Grants,
    string? Comment,
    IReadOnlyList<CapturedRule> Rules,
    IReadOnlyList<CapturedTrigger> Triggers,
    IReadOnlyList<CapturedIndex> Indexes,
    bool Populated,
    string? AccessMethod,
    string? Tablespace,
    IReadOnlyList<string> OwnersDefault,
    string? TypeComment = null,
    IReadOnlyList<CapturedGrant>? TypeGrants = null,
    IReadOnlyList<CapturedLabel>? Labels = null,
    string? ReplicaIdentity = null,
    string? Extension = null
)
{
    /// <summary>Whether it is a materialized view that has data.</summary>
    internal bool IsFilled => Kind == RelationKind.MaterializedView && Populated;

    /// <summary>The kind as SQL writes it.</summary>
    internal string SqlKind =>
        Kind switch
        {
            RelationKind.View => "view",
            RelationKind.MaterializedView => "materialized view",
        };
}

/// <summary>A column.</summary>
/// <param name="Name">As in the catalog, unquoted.</param>
/// <param name="Type">As <c>format_type</c> writes it.</param>
/// <param name="Collation">As SQL; null where it is the type's own.</param>
/// <param name="NotNull">Whether the catalog says so; never for a view.</param>
/// <param name="Default">The default of a view's column, as SQL.</param>
/// <param name="Comment">The comment; null for none.</param>
/// <param name="Grants">Grants on the column; null for none.</param>
/// <param name="Statistics">Statistics target of a materialized view's column; null for the default.</param>
/// <param name="Storage">Storage where it is not the type's own.</param>
/// <param name="Compression">Compression where one was set.</param>
/// <param name="Options">Attribute options such as <c>n_distinct=5</c>.</param>
public sealed record CapturedColumn(
    string Name,
    string Type,
    string? Collation,
    bool NotNull,
    string? Default,
    string? Comment,
    IReadOnlyList<CapturedGrant>? Grants,
    int? Statistics,
    string? Storage,
    string? Compression,
    IReadOnlyList<string>? Options
)
{
    /// <summary>Name, type and collation as one text, for comparisons.</summary>
    internal string Shape =>
        $"{Identifiers.Quote(Name)} {Type}{(Collation is null ? "" : $" collate {Collation}")}{(NotNull ? " not null" : "")}";
}

/// <summary>One privilege that one role gave another.</summary>
/// <param name="Grantor">Who gave it.</param>
/// <param name="Grantee">Who has it; null for PUBLIC.</param>
/// <param name="Privilege"><c>SELECT</c>, <c>INSERT</c>, …</param>
/// <param name="Grantable">Whether it may be passed on.</param>
public sealed record CapturedGrant(string Grantor, string? Grantee, string Privilege, bool Grantable);

/// <summary>A rule; the definition is null for the view's own <c>_RETURN</c>.</summary>
public sealed record CapturedRule(string Name, string? Definition, string? Comment);

/// <summary>A trigger.</summary>
public sealed record CapturedTrigger(string Name, string Definition, string? Comment);

/// <summary>A security label of a relation, or of one of its columns.</summary>
public sealed record CapturedLabel(string Provider, string? Column, string Label);

/// <summary>An index of a materialized view.</summary>
/// <param name="Name">Its name, in the schema of its relation.</param>
/// <param name="Definition"><c>pg_get_indexdef</c>.</param>
/// <param name="Comment">The comment; null for none.</param>
/// <param name="Tablespace">Its tablespace; null for the database's own.</param>
/// <param name="Clustered">Whether CLUSTER goes by it.</param>
/// <param name="Statistics">Statistics targets by the index column's number; null for none.</param>
public sealed record CapturedIndex(
    string Name,
    string Definition,
    string? Comment,
    string? Tablespace,
    bool Clustered,
    IReadOnlyDictionary<string, int>? Statistics = null
);
