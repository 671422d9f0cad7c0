using System.Text.Json.Serialization;

namespace Tidelock.Relations;

/// <summary>Something that a CASCADE can take along.</summary>
/// <param name="Kind">As PostgreSQL calls it: <c>materialized view</c>.</param>
/// <param name="Identity">As PostgreSQL writes it: <c>public.daily_accuracy</c>, <c>audit on public.exam_results</c>.</param>
/// <param name="Of">The relation that it is a part of; null where it stands alone.</param>
/// <param name="Needs">What it cannot be there without: catalog, oid and, of a relation, the columns of it.</param>
public sealed record PresentObject(string Kind, string Identity, string? Of, IReadOnlyList<string> Needs)
{
    /// <summary>Catalog, oid and column: of a table made again under its old name it is another one. Null where it is not looked at.</summary>
    [JsonIgnore]
    internal string? Id { get; init; }

    /// <summary>Whether rows go with it, which no definition brings back; a generated column's are made again by it.</summary>
    [JsonIgnore]
    internal bool HasRows { get; init; }

    /// <summary>The same for what a view and a materialized view of one name are, which nobody calls lost where one became the other.</summary>
    internal (string Kind, string Identity) Key =>
        (Kind is "view" or "materialized view" or "foreign table" ? "relation" : Kind, Identity);

    public override string ToString() => $"{Kind} {Identity}";
}
