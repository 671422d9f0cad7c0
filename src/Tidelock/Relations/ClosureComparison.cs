using System.Globalization;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>Compares two closures of the same relation, taken at different times.</summary>
public static class ClosureComparison
{
    /// <summary>
    /// All differences; definitions that differ as text are compared as fix-points, because PostgreSQL rewrites some definitions
    /// when they are created again.
    /// </summary>
    public static async Task<IReadOnlyList<ClosureDifference>> DifferencesAsync(
        PostgresSession session,
        RelationClosure? before,
        RelationClosure? after,
        CancellationToken cancellation
    )
    {
        var differences = new List<ClosureDifference>();
        foreach (var difference in Differences(before, after))
        {
            if (!await SameMeaningAsync(session, difference, before, after, cancellation).ConfigureAwait(false))
            {
                differences.Add(difference);
            }
        }

        return differences;
    }

    /// <summary>All differences, definitions compared as text.</summary>
    public static IReadOnlyList<ClosureDifference> Differences(RelationClosure? before, RelationClosure? after)
    {
        var old = Aspects(before);
        var now = Aspects(after);
        return old
            .Keys.Union(now.Keys)
            .Select(k => new ClosureDifference(
                k.Relation,
                k.Part,
                k.What,
                old.GetValueOrDefault(k),
                now.GetValueOrDefault(k)
            ))
            .Where(d => !string.Equals(d.Before, d.After, StringComparison.Ordinal))
            .ToList();
    }

    /// <summary>
    /// What a new definition of <paramref name="relation"/> does not explain. It explains another definition, other columns of it
    /// and of what reads it, what hung on a column that is gone, everything of a relation that was not there before, and what a view
    /// and a materialized view cannot have in common where one became the other.
    /// </summary>
    public static IReadOnlyList<ClosureDifference> Unexpected(
        IReadOnlyList<ClosureDifference> differences,
        RelationName relation
    )
    {
        var gone = differences
            .Where(d => d.Relation == relation && d is { Part: ClosurePart.Column, After: null })
            .Select(d => Identifiers.Quote(d.What["column ".Length..]))
            .ToHashSet(StringComparer.Ordinal);
        var kinds = differences.Where(d => d.Relation == relation && d.Part == ClosurePart.Existence).ToList();
        var isNew = kinds is [{ Before: null }];
        var isOfAnotherKind = kinds.Count > 1;
        return differences.Where(d => !Explained(d)).ToList();

        bool Explained(ClosureDifference d) =>
            d.Part == ClosurePart.Column
            || (
                d.Relation == relation
                && (isNew || d.Part == ClosurePart.Definition || HungOnColumn(d) || (isOfAnotherKind && IsOfKind(d)))
            );

        bool HungOnColumn(ClosureDifference d) =>
            d
                is {
                    After: null,
                    Part: ClosurePart.Grant
                        or ClosurePart.Comment
                        or ClosurePart.Default
                        or ClosurePart.Storage
                        or ClosurePart.Label
                }
            && gone.Any(c => d.What.Contains($"column {c}", StringComparison.Ordinal));
    }

    /// <summary>What a view cannot have and a materialized view has, or the other way round, without anybody having lost it.</summary>
    private static bool IsOfKind(ClosureDifference d) =>
        d.Part is ClosurePart.Existence or ClosurePart.Populated
        || d is { Part: ClosurePart.Storage, What: "storage" } or { Part: ClosurePart.Index, Before: null };

    /// <summary>Whether two texts of a definition mean the same.</summary>
    private static async Task<bool> SameMeaningAsync(
        PostgresSession session,
        ClosureDifference difference,
        RelationClosure? before,
        RelationClosure? after,
        CancellationToken cancellation
    )
    {
        var schema = difference.Relation.Schema;
        return difference switch
        {
            { Before: null } or { After: null } => false,
            { Part: ClosurePart.Definition, Before: { } old, After: { } now } => await FixPoint
                .IsSameAsync(session, schema, old, now, cancellation)
                .ConfigureAwait(false),
            { Part: ClosurePart.Rule or ClosurePart.Trigger or ClosurePart.Index } => await SameAttachedAsync(
                    session,
                    difference,
                    before,
                    after,
                    cancellation
                )
                .ConfigureAwait(false),
            { Part: ClosurePart.Object } => Find(before) is { } one
                && Find(after) is { } other
                && await SameObjectAsync(session, schema, one, other, cancellation).ConfigureAwait(false),
            _ => false,
        };

        CapturedObject? Find(RelationClosure? closure) =>
            closure?.Objects?.FirstOrDefault(o => $"{o}" == difference.What);
    }

    /// <summary>What is attached to a relation of the closure itself.</summary>
    private static async Task<bool> SameAttachedAsync(
        PostgresSession session,
        ClosureDifference difference,
        RelationClosure? before,
        RelationClosure? after,
        CancellationToken cancellation
    )
    {
        var table = await session
            .ScalarAsync<string>(
                "select format('%I.%I', $1, $2)",
                cancellation,
                new NpgsqlParameter { Value = difference.Relation.Schema },
                new NpgsqlParameter { Value = difference.Relation.Name }
            )
            .ConfigureAwait(false);
        return Find(before) is (var one, var marks)
            && Find(after) is (var other, var otherMarks)
            && marks == otherMarks
            && await FixPoint
                .IsSameAttachedAsync(session, difference.Relation.Schema, one, other, cancellation)
                .ConfigureAwait(false);

        (AttachedText Text, string Marks)? Find(RelationClosure? closure) =>
            closure?.All.FirstOrDefault(r => r.Name == difference.Relation) is { } relation
                ? Texts(relation)
                    .Where(t => $"{t.Text.Kind} {t.Text.Name}" == difference.What)
                    .Cast<(AttachedText Text, string Marks)?>()
                    .FirstOrDefault()
                : null;

        IEnumerable<(AttachedText Text, string Marks)> Texts(CapturedRelation r) =>
            [
                .. r
                    .Rules.Where(x => x.Definition is not null)
                    .Select(x => (new AttachedText("rule", x.Name, table!, x.Definition!), "")),
                .. r.Triggers.Select(x => (new AttachedText("trigger", x.Name, table!, x.Definition), "")),
                .. r.Indexes.Select(x => (new AttachedText("index", x.Name, table!, x.Definition), Marks(x))),
            ];
    }

    private static async Task<bool> SameObjectAsync(
        PostgresSession session,
        string schema,
        CapturedObject one,
        CapturedObject other,
        CancellationToken cancellation
    ) =>
        (one, other) switch
        {
            ({ Meaning: { } a }, { Meaning: { } b }) => one.IsSameButForMeaning(other)
                && await FixPoint.IsSameAsync(session, schema, a, b, cancellation).ConfigureAwait(false),
            ({ Routine: { } f }, { Routine: { } g }) => await FixPoint
                .IsSameRoutineAsync(session, schema, f, g, cancellation)
                .ConfigureAwait(false),
            ({ Attached: { } x }, { Attached: { } y }) => one.Statements.Skip(1).SequenceEqual(other.Statements.Skip(1))
                && await FixPoint.IsSameAttachedAsync(session, schema, x, y, cancellation).ConfigureAwait(false),
            ({ Kind: "domain" }, { Kind: "domain" }) => await FixPoint
                .IsSameDomainAsync(session, schema, one, other, cancellation)
                .ConfigureAwait(false),
            _ => false,
        };

    private static Dictionary<(RelationName Relation, ClosurePart Part, string What), string> Aspects(
        RelationClosure? closure
    )
    {
        var aspects = new Dictionary<(RelationName, ClosurePart, string), string>();
        if (closure is null)
        {
            return aspects;
        }

        foreach (var relation in closure.All)
        {
            foreach (var (part, what, value) in Aspects(relation))
            {
                aspects[(relation.Name, part, what)] = value;
            }
        }

        foreach (var thing in closure.Objects ?? [])
        {
            foreach (var (part, what, value) in Aspects(thing))
            {
                aspects[(closure.Relation.Name, part, what)] = value;
            }
        }

        foreach (var thing in closure.Unrestorable)
        {
            aspects[(closure.Relation.Name, ClosurePart.Unrestorable, thing)] = thing;
        }

        return aspects;
    }

    private static IEnumerable<(ClosurePart Part, string What, string Value)> Aspects(CapturedObject o) =>
        [
            (ClosurePart.Object, $"{o}", string.Join(";\n", o.Statements)),
            (ClosurePart.Owner, $"owner of {o}", o.Owner),
            .. Grants(o.EffectiveGrants, $"grant on {o}"),
            .. Comment($"comment on {o}", o.Comment),
            .. Member(o.Extension, $"membership of {o}"),
        ];

    private static IEnumerable<(ClosurePart Part, string What, string Value)> Aspects(CapturedRelation r) =>
        [
            (ClosurePart.Existence, r.SqlKind, r.Name.ToString()),
            (ClosurePart.Definition, "definition", r.Definition),
            (ClosurePart.Owner, "owner", r.Owner),
            .. r.Options.Select(o => (ClosurePart.Option, $"option {o.Split('=')[0]}", o)),
            .. r.Columns.SelectMany(Aspects),
            .. Grants(EffectiveGrants(r), "grant"),
            .. Comment("comment", r.Comment),
            .. r
                .Rules.Where(x => x.Definition is not null)
                .Select(x => (ClosurePart.Rule, $"rule {x.Name}", x.Definition!)),
            .. r.Rules.SelectMany(x => Comment($"comment on rule {x.Name}", x.Comment)),
            .. r.Triggers.Select(x => (ClosurePart.Trigger, $"trigger {x.Name}", x.Definition)),
            .. r.Triggers.SelectMany(x => Comment($"comment on trigger {x.Name}", x.Comment)),
            .. r.Indexes.Select(x => (ClosurePart.Index, $"index {x.Name}", $"{x.Definition} {Marks(x)}")),
            .. r.Indexes.SelectMany(x => Comment($"comment on index {x.Name}", x.Comment)),
            .. Comment("comment on its row type", r.TypeComment),
            .. Grants(r.TypeGrants ?? [], "grant on its row type"),
            .. Member(r.Extension, "membership in an extension"),
            .. (r.Labels ?? []).Select(l =>
                (
                    ClosurePart.Label,
                    $"security label of {l.Provider}{(l.Column is null ? "" : $" on column {Identifiers.Quote(l.Column)}")}",
                    l.Label
                )
            ),
            (ClosurePart.Storage, "storage", $"{r.AccessMethod} {r.Tablespace} {r.ReplicaIdentity}"),
            (ClosurePart.Populated, "data", r.Populated ? "populated" : "not populated"),
            .. r.Columns.Count == 0
                ? Array.Empty<(ClosurePart, string, string)>()
                : [(ClosurePart.Column, "columns in order", string.Join(", ", r.Columns.Select(c => c.Name)))],
        ];

    private static IEnumerable<(ClosurePart Part, string What, string Value)> Aspects(CapturedColumn c)
    {
        var name = $"column {Identifiers.Quote(c.Name)}";
        return
        [
            (ClosurePart.Column, $"column {c.Name}", c.Shape),
            .. Comment($"comment on {name}", c.Comment),
            .. c.Default is null
                ? Array.Empty<(ClosurePart, string, string)>()
                : [(ClosurePart.Default, $"default of {name}", c.Default)],
            .. Grants(c.Grants ?? [], $"grant on {name}"),
            .. Settings(name, c),
        ];
    }

    private static IEnumerable<(ClosurePart, string, string)> Settings(string name, CapturedColumn c)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{c.Statistics} {c.Storage} {c.Compression} {string.Join(' ', c.Options ?? [])}"
        );
        return text.Trim().Length == 0 ? [] : [(ClosurePart.Storage, $"settings of {name}", text.Trim())];
    }

    internal static string Marks(CapturedIndex index) =>
        $"{index.Tablespace} clustered={index.Clustered} {Targets(index)}";

    private static string Targets(CapturedIndex index) =>
        string.Join(
            ' ',
            (index.Statistics ?? new Dictionary<string, int>(StringComparer.Ordinal)).Select(t => $"{t.Key}:{t.Value}")
        );

    private static IEnumerable<(ClosurePart, string, string)> Member(string? extension, string what) =>
        extension is null ? [] : [(ClosurePart.Extension, what, extension)];

    private static IEnumerable<(ClosurePart, string, string)> Comment(string what, string? text) =>
        text is null ? [] : [(ClosurePart.Comment, what, text)];

    /// <summary>All that one role has from another is one aspect.</summary>
    private static IEnumerable<(ClosurePart, string, string)> Grants(IEnumerable<CapturedGrant> grants, string what) =>
        grants
            .GroupBy(g => (g.Grantee, g.Grantor))
            .Select(g =>
                (
                    ClosurePart.Grant,
                    $"{what} to {g.Key.Grantee ?? "PUBLIC"} by {g.Key.Grantor}",
                    string.Join(
                        ", ",
                        g.OrderBy(x => x.Privilege, StringComparer.Ordinal)
                            .Select(x => x.Grantable ? $"{x.Privilege} with grant option" : x.Privilege)
                    )
                )
            );

    /// <summary>A missing ACL means what PostgreSQL's built-in default gives the owner.</summary>
    internal static IEnumerable<CapturedGrant> EffectiveGrants(CapturedRelation r) =>
        r.Grants ?? r.OwnersDefault.Select(p => new CapturedGrant(r.Owner, r.Owner, p, Grantable: false));
}
