using Tidelock.Postgres;

namespace Tidelock.Contracts;

/// <summary>The locked shape of a relation. Section <c>contract:</c>; absent means nothing is locked.</summary>
/// <param name="Relation">What is locked; null when the change declares no contract.</param>
/// <param name="Columns">All columns in order.</param>
/// <param name="Unique">Sets of columns that are unique together.</param>
/// <param name="Rules">Queries that return violations.</param>
public sealed record Contract(
    RelationName? Relation,
    IReadOnlyList<ContractColumn> Columns,
    IReadOnlyList<IReadOnlyList<string>> Unique,
    IReadOnlyList<ContractRule> Rules
);

/// <summary>One column of a contract.</summary>
/// <param name="Name">As in the catalog, unquoted.</param>
/// <param name="Type">As <c>format_type</c> writes it: <c>bigint</c>, <c>timestamp with time zone</c>.</param>
/// <param name="NotNull">No row may have a null here.</param>
public sealed record ContractColumn(string Name, string Type, bool NotNull);

/// <summary>A rule in SQL: every row it returns is a violation.</summary>
/// <param name="Name">What the rule says, in the author's words.</param>
/// <param name="Sql">One SELECT.</param>
public sealed record ContractRule(string Name, string Sql);
