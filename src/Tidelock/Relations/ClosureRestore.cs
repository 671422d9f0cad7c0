using System.Diagnostics;
using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>
/// The statements that bring a closure back. They belong in one transaction of a superuser, or of a role that may become every owner
/// and grantor, with <c>search_path = pg_catalog</c>. No statement says CASCADE, so nothing unknown is taken along.
/// </summary>
public static class ClosureRestore
{
    /// <summary>
    /// Drops what is there and puts back what is wanted. Dependents that somebody added since are put back as well, after the
    /// wanted ones.
    /// </summary>
    /// <param name="current">What is there; null when there is no such relation.</param>
    /// <param name="wanted">What shall be there; null when there shall be no such relation.</param>
    public static IReadOnlyList<RestoreStatement> Statements(RelationClosure? current, RelationClosure? wanted) =>
        [.. current is null ? [] : Drop(current), .. wanted is null ? [] : Everything(Target(current, wanted))];

    /// <summary>Creates all of a closure.</summary>
    internal static IEnumerable<RestoreStatement> Everything(RelationClosure closure) =>
        [
            .. Create(closure.Relation),
            .. CreateDependents(closure),
            .. closure.All.SelectMany(r => Attach(r)),
            .. closure.All.SelectMany(Populate),
        ];

    /// <summary>What is wanted, and behind it the dependents that somebody added since.</summary>
    internal static RelationClosure Target(RelationClosure? current, RelationClosure wanted)
    {
        if (current is null)
        {
            return wanted;
        }

        var names = wanted.All.Select(r => r.Name).ToHashSet();
        var objects = (wanted.Objects ?? []).Select(o => o.ToString()).ToHashSet(StringComparer.Ordinal);
        var order = wanted.InOrder.ToList();
        order.AddRange(
            current.InOrder.Where(o =>
                o is CapturedRelation r && !names.Contains(r.Name) || o is CapturedObject && !objects.Contains($"{o}")
            )
        );
        return RelationClosure.InThisOrder(wanted.Relation, order.Skip(1), wanted.Unrestorable);
    }

    /// <summary>
    /// Drops what depends on the relation, deepest first, and the relation last. What is attached to one may need any other of them, and
    /// goes before.
    /// </summary>
    internal static IEnumerable<RestoreStatement> Drop(RelationClosure closure) =>
        [
            .. closure.DependentNames.Any() ? closure.All.SelectMany(Detach) : [],
            .. closure
                .InOrder.Reverse()
                .SelectMany(o =>
                    o switch
                    {
                        CapturedRelation r => Drop(r),
                        CapturedObject other => other.Removal.Select(sql => new RestoreStatement(sql, other)),
                        _ => throw new UnreachableException(),
                    }
                ),
        ];

    private static IEnumerable<RestoreStatement> Detach(CapturedRelation relation)
    {
        var on = relation.Name.Sql;
        return relation
            .Rules.Where(r => r.Definition is not null)
            .Select(r => $"drop rule {Identifiers.Quote(r.Name)} on {on}")
            .Concat(relation.Triggers.Select(t => $"drop trigger {Identifiers.Quote(t.Name)} on {on}"))
            .Concat(
                relation
                    .Columns.Where(c => c.Default is not null)
                    .Select(c => $"alter view {on} alter column {Identifiers.Quote(c.Name)} drop default")
            )
            .Concat(relation.Indexes.Select(i => $"drop index {new RelationName(relation.Name.Schema, i.Name).Sql}"))
            .Select(sql => new RestoreStatement(sql, relation.Name));
    }

    /// <summary>All that depends on the relation, in an order in which it can be created.</summary>
    internal static IEnumerable<RestoreStatement> CreateDependents(RelationClosure closure) =>
        closure
            .InOrder.Skip(1)
            .SelectMany(o =>
                o switch
                {
                    CapturedRelation r => Create(r),
                    CapturedObject other => Create(other),
                    _ => throw new UnreachableException(),
                }
            );

    /// <summary>What depends on the relations and is none itself, where they are there already.</summary>
    internal static IEnumerable<RestoreStatement> CreateObjects(RelationClosure closure) =>
        (closure.Objects ?? []).SelectMany(Create);

    /// <summary>The relation with its options and owner; a materialized view without data.</summary>
    internal static IEnumerable<RestoreStatement> Create(CapturedRelation relation)
    {
        var (before, after) = Frame(relation);
        return
        [
            new RestoreStatement($"{before}{relation.Definition}{after}", relation.Name),
            .. OwnerAndMembership(relation),
        ];
    }

    private static IEnumerable<RestoreStatement> Create(CapturedObject other) =>
        other.Creation.Select(sql => new RestoreStatement(sql, other));

    /// <summary>What stands before and behind a definition in the statement that creates the relation; a materialized view is empty at first.</summary>
    internal static (string Before, string After) Frame(CapturedRelation relation) =>
        ($"create {Head(relation)} as\n", relation.Kind == RelationKind.MaterializedView ? "\nwith no data" : "");

    /// <summary>What belongs to creating a relation besides the statement itself.</summary>
    internal static IEnumerable<RestoreStatement> OwnerAndMembership(CapturedRelation relation)
    {
        yield return new RestoreStatement(Own(relation), relation.Name);
        if (relation.Extension is { } extension)
        {
            yield return new RestoreStatement(
                $"alter extension {Identifiers.Quote(extension)} add {relation.SqlKind} {relation.Name.Sql}",
                relation.Name
            );
        }
    }

    /// <summary>Replaces a view in place, its options repeated: PostgreSQL resets those that are not.</summary>
    internal static RestoreStatement Replace(CapturedRelation view, string definition) =>
        new($"create or replace {Head(view)} as\n{definition}", view.Name);

    /// <summary>Takes the lock on the relation alone and changes nothing.</summary>
    internal static RestoreStatement Lock(CapturedRelation relation) => new(Own(relation), relation.Name);

    /// <summary>
    /// Locks everything and changes nothing: the tables whose policies, rules and the like read the closure, then dependents, then
    /// the base, which is the order in which readers lock them.
    /// </summary>
    internal static IEnumerable<RestoreStatement> Lock(RelationClosure closure) =>
        [
            .. (closure.Objects ?? [])
                .Where(o => o.Lock is not null)
                .DistinctBy(o => o.Table, StringComparer.Ordinal)
                .Select(o => new RestoreStatement(o.Lock!, o)),
            .. closure.All.Reverse().Select(Lock),
        ];

    /// <summary>Defaults, rules, triggers, indexes, grants and comments.</summary>
    /// <param name="relation">The relation as captured.</param>
    /// <param name="columns">Its columns now, where they are others than captured: what hangs on the rest has nothing to hang on.</param>
    internal static IEnumerable<RestoreStatement> Attach(
        CapturedRelation relation,
        IReadOnlyCollection<string>? columns = null
    )
    {
        var kept = relation.Columns.Where(c => columns?.Contains(c.Name, StringComparer.Ordinal) ?? true).ToList();
        return Statements().Select(sql => new RestoreStatement(sql, relation.Name));

        IEnumerable<string> Statements() =>
            [
                .. kept.SelectMany(c => ColumnSettings(relation, c)),
                .. relation.Indexes.SelectMany(i => Index(relation, i)),
                .. relation.Rules.Select(r => r.Definition).OfType<string>(),
                .. relation.Triggers.Select(t => t.Definition),
                .. relation.ReplicaIdentity is null
                    ? Array.Empty<string>()
                    : [$"alter materialized view {relation.Name.Sql} replica identity {relation.ReplicaIdentity}"],
                .. GrantRestore.Statements(relation, kept),
                .. Labels(relation, kept),
                .. Comments(relation, kept),
                .. Comments(RuleComments(relation)),
            ];
    }

    /// <summary>Indexes of a materialized view, with their tablespaces, marks and comments.</summary>
    internal static IEnumerable<RestoreStatement> Indexes(CapturedRelation relation) =>
        relation.Indexes.SelectMany(i => Index(relation, i)).Select(sql => new RestoreStatement(sql, relation.Name));

    /// <summary>Rules and triggers, whose text names the relation, with their comments.</summary>
    internal static IEnumerable<RestoreStatement> AttachRules(CapturedRelation relation) =>
        relation
            .Rules.Select(r => r.Definition)
            .OfType<string>()
            .Concat(relation.Triggers.Select(t => t.Definition))
            .Concat(Comments(RuleComments(relation)))
            .Select(sql => new RestoreStatement(sql, relation.Name));

    /// <summary>Takes a relation, and its indexes with it, into the schema of <paramref name="to"/>.</summary>
    internal static RestoreStatement Move(CapturedRelation relation, RelationName to) =>
        new($"alter {relation.SqlKind} {relation.Name.Sql} set schema {Identifiers.Quote(to.Schema)}", to);

    /// <summary>
    /// Fills a materialized view that had data, and lets the planner know it: what was there had its statistics. Its owner's rights are in
    /// place by then.
    /// </summary>
    internal static IEnumerable<RestoreStatement> Populate(CapturedRelation relation) =>
        relation.IsFilled
            ?
            [
                new RestoreStatement($"refresh materialized view {relation.Name.Sql}", relation.Name),
                new RestoreStatement($"analyze {relation.Name.Sql}", relation.Name),
            ]
            : [];

    /// <summary>Drops one relation.</summary>
    internal static IEnumerable<RestoreStatement> Drop(CapturedRelation relation)
    {
        var thing = $"{relation.SqlKind} {relation.Name.Sql}";
        if (relation.Extension is { } extension)
        {
            yield return new RestoreStatement(
                $"alter extension {Identifiers.Quote(extension)} drop {thing}",
                relation.Name
            );
        }

        yield return new RestoreStatement($"drop {thing}", relation.Name);
    }

    private static string Head(CapturedRelation relation) =>
        $"{relation.SqlKind} {relation.Name.Sql}"
        + (relation.AccessMethod is null ? "" : $" using {Identifiers.Quote(relation.AccessMethod)}")
        + (relation.Options.Count == 0 ? "" : $" with ({string.Join(", ", relation.Options.Select(Option))})")
        + (relation.Tablespace is null ? "" : $" tablespace {Identifiers.Quote(relation.Tablespace)}");

    private static string Own(CapturedRelation relation) =>
        $"alter {relation.SqlKind} {relation.Name.Sql} owner to {Identifiers.Quote(relation.Owner)}";

    private static string Option(string option)
    {
        var parts = option.Split('=', 2);
        var name = string.Join('.', parts[0].Split('.', 2).Select(Identifiers.Quote));
        return parts.Length == 1 ? name : $"{name} = {Identifiers.Literal(parts[1])}";
    }

    private static IEnumerable<string> ColumnSettings(CapturedRelation relation, CapturedColumn column)
    {
        var alter = $"alter {relation.SqlKind} {relation.Name.Sql} alter column {Identifiers.Quote(column.Name)}";
        if (column.Default is not null)
        {
            yield return $"{alter} set default {column.Default}";
        }

        if (column.Statistics is { } target)
        {
            yield return FormattableString.Invariant($"{alter} set statistics {target}");
        }

        if (column.Storage is not null)
        {
            yield return $"{alter} set storage {column.Storage}";
        }

        if (column.Compression is not null)
        {
            yield return $"{alter} set compression {column.Compression}";
        }

        if (column.Options is { Count: > 0 })
        {
            yield return $"{alter} set ({string.Join(", ", column.Options.Select(Option))})";
        }
    }

    private static IEnumerable<string> Index(CapturedRelation relation, CapturedIndex index)
    {
        var name = new RelationName(relation.Name.Schema, index.Name).Sql;
        yield return index.Definition;
        if (index.Tablespace is not null)
        {
            yield return $"alter index {name} set tablespace {Identifiers.Quote(index.Tablespace)}";
        }

        if (index.Clustered)
        {
            yield return $"alter materialized view {relation.Name.Sql} cluster on {Identifiers.Quote(index.Name)}";
        }

        foreach (var (column, target) in index.Statistics ?? new Dictionary<string, int>(StringComparer.Ordinal))
        {
            yield return FormattableString.Invariant(
                $"alter index {name} alter column {column} set statistics {target}"
            );
        }

        if (index.Comment is not null)
        {
            yield return $"comment on index {name} is {Identifiers.Literal(index.Comment)}";
        }
    }

    private static IEnumerable<string> Comments(CapturedRelation relation, IEnumerable<CapturedColumn> columns)
    {
        var on = relation.Name.Sql;
        return Comments(
            columns
                .Select(c => ($"column {on}.{Identifiers.Quote(c.Name)}", c.Comment))
                .Prepend(($"type {on}", relation.TypeComment))
                .Prepend(($"{relation.SqlKind} {on}", relation.Comment))
        );
    }

    private static IEnumerable<string> Labels(CapturedRelation relation, IReadOnlyList<CapturedColumn> columns) =>
        (relation.Labels ?? [])
            .Where(l => l.Column is null || columns.Any(c => c.Name == l.Column))
            .Select(l =>
                $"security label for {Identifiers.Quote(l.Provider)} on "
                + (
                    l.Column is null
                        ? $"{relation.SqlKind} {relation.Name.Sql}"
                        : $"column {relation.Name.Sql}.{Identifiers.Quote(l.Column)}"
                )
                + $" is {Identifiers.Literal(l.Label)}"
            );

    private static IEnumerable<(string Object, string? Text)> RuleComments(CapturedRelation relation)
    {
        var on = relation.Name.Sql;
        return relation
            .Rules.Select(r => ($"rule {Identifiers.Quote(r.Name)} on {on}", r.Comment))
            .Concat(relation.Triggers.Select(t => ($"trigger {Identifiers.Quote(t.Name)} on {on}", t.Comment)));
    }

    private static IEnumerable<string> Comments(IEnumerable<(string Object, string? Text)> comments) =>
        comments.Where(c => c.Text is not null).Select(c => $"comment on {c.Object} is {Identifiers.Literal(c.Text!)}");
}
