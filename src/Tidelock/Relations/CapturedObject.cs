using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>
/// Something else than a view that depends on a closure's relations and can be put back exactly: a function, procedure, policy,
/// domain or statistics object, or a rule, trigger or column default of a table.
/// </summary>
/// <param name="Kind">As SQL names it: <c>function</c>, <c>policy</c>, …</param>
/// <param name="Name">As SQL names it behind the kind, quoted and with its schema: <c>public.f(integer)</c>, <c>p on public.t</c>.</param>
/// <param name="Owner">The owning role; of what belongs to a table or view, that one's.</param>
/// <param name="Table">The table or view it belongs to, as SQL; null where it belongs to none.</param>
/// <param name="Statements">What creates it, in order; expressions that <paramref name="Meaning"/> evaluates stand in the last.</param>
/// <param name="Drop">What drops it; null for <c>drop KIND NAME</c>.</param>
/// <param name="Grants">The explicit grants in their order; null where PostgreSQL's defaults apply, or where it can have none.</param>
/// <param name="Comment">The comment; null for none.</param>
/// <param name="Meaning">A query that evaluates its expressions, so that two texts of one meaning can be told; null where there is none.</param>
/// <param name="Extension">The extension it is a member of; null for none.</param>
/// <param name="After">How many dependent views of the closure come before it.</param>
public sealed record CapturedObject(
    string Kind,
    string Name,
    string Owner,
    string? Table,
    IReadOnlyList<string> Statements,
    string? Drop,
    IReadOnlyList<CapturedGrant>? Grants,
    string? Comment,
    string? Meaning,
    string? Extension,
    int After
)
{
    /// <summary>Whether it is a statistics object that no extension owns, so that it can be moved with its relation.</summary>
    internal bool IsStatistics => Kind == "statistics" && Extension is null;

    /// <summary>What GRANT names it; null where nothing can be granted on it.</summary>
    internal GrantTarget? Granted =>
        Kind switch
        {
            "function" or "procedure" => GrantTarget.Routine(Name),
            "domain" => GrantTarget.Type(Name),
            _ => null,
        };

    /// <summary>The grants, spelled out where PostgreSQL's defaults apply.</summary>
    internal IEnumerable<CapturedGrant> EffectiveGrants =>
        Grants
        ?? (
            Granted?.ForEverybody is { } privilege
                ? [new(Owner, Owner, privilege, Grantable: false), new(Owner, null, privilege, Grantable: false)]
                : []
        );

    /// <summary>A function's or procedure's text; null for anything else.</summary>
    internal RoutineText? Routine =>
        Kind is "function" or "procedure" ? new(Name[..Name.LastIndexOf('(')], Statements[^1]) : null;

    /// <summary>A rule's or trigger's text, and what it is attached to; null for anything else.</summary>
    internal AttachedText? Attached =>
        Kind is "rule" or "trigger" && Table is not null && Name.EndsWith($" on {Table}", StringComparison.Ordinal)
            ? new(Kind, Name[..^$" on {Table}".Length], Table, Statements[0])
            : null;

    /// <summary>Whether all but the expressions is the same text.</summary>
    internal bool IsSameButForMeaning(CapturedObject other) =>
        Statements.SkipLast(1).SequenceEqual(other.Statements.SkipLast(1), StringComparer.Ordinal);

    /// <summary>For people.</summary>
    public override string ToString() => $"{Kind} {Name}";

    /// <summary>Takes the lock on the table it belongs to and changes nothing; null where it belongs to none.</summary>
    internal string? Lock => Table is null ? null : $"alter table {Table} owner to {Identifiers.Quote(Owner)}";

    internal IEnumerable<string> Creation =>
        [
            .. Statements,
            .. Table is null ? [$"alter {Kind} {Name} owner to {Identifiers.Quote(Owner)}"] : Array.Empty<string>(),
            .. Extension is null ? [] : new[] { $"alter extension {Identifiers.Quote(Extension)} add {Kind} {Name}" },
            .. Granted is null ? [] : GrantRestore.Statements(Granted, Owner, Grants),
            .. Comment is null ? [] : new[] { $"comment on {Kind} {Name} is {Identifiers.Literal(Comment)}" },
        ];

    internal IEnumerable<string> Removal =>
        [
            .. Extension is null ? [] : new[] { $"alter extension {Identifiers.Quote(Extension)} drop {Kind} {Name}" },
            Drop ?? $"drop {Kind} {Name}",
        ];
}
