using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>What others did to a relation and all that hangs on it since a change was verified: a way back must not undo it unasked.</summary>
/// <param name="Verified">As the change left it.</param>
/// <param name="Found">As it is found before the way back.</param>
public sealed record LaterChanges(RelationClosure Verified, RelationClosure Found)
{
    /// <summary>What they did that is not as it was before the change, so that going back there would undo it.</summary>
    public IReadOnlyList<ClosureDifference> Against(RelationClosure? before)
    {
        var undone = ClosureComparison.Differences(before, Found).Select(Key).ToHashSet();
        return ClosureComparison.Differences(Verified, Found).Where(d => undone.Contains(Key(d))).ToList();
    }

    /// <summary>
    /// What was there before the change, with what others did since: owners, options, grants, comments and labels wherever what they are
    /// on is still there; definitions of dependents, rules, triggers, indexes, defaults, functions and the like but for those of
    /// <paramref name="without"/>. The relation's own definition is what the way back is about, and is the old one.
    /// </summary>
    /// <param name="before">What was there before the change.</param>
    /// <param name="without">Whose later definitions do not fit what was there before, as people write their names; null for none.</param>
    internal RelationClosure Kept(RelationClosure before, IReadOnlySet<string>? without = null)
    {
        without ??= new HashSet<string>(StringComparer.Ordinal);
        var target = ClosureRestore.Target(Found, before);
        var known = before.InOrder.Select(Name).ToHashSet(StringComparer.Ordinal);
        var order = target.InOrder.Skip(1).Where(o => known.Contains(Name(o)) || !without.Contains(Name(o)));
        return RelationClosure.InThisOrder(Relation(before.Relation), order.Select(Merged), before.Unrestorable);

        object Merged(object thing) => thing is CapturedRelation r ? Relation(r) : Object((CapturedObject)thing);

        CapturedRelation Relation(CapturedRelation b) =>
            Find(Verified.All, b.Name) is { } v && Find(Found.All, b.Name) is { } n
                ? new RelationMerge(b, v, n).Kept(isFirst: b.Name == before.Relation.Name, !without.Contains(Name(b)))
                : b;

        CapturedObject Object(CapturedObject b) =>
            !without.Contains(Name(b))
            && Find(Verified.Objects, b) is { } v
            && Find(Found.Objects, b) is { } n
            && !v.Creation.SequenceEqual(n.Creation, StringComparer.Ordinal)
                ? n
                : b;
    }

    /// <summary>Everything whose later definition could be left out.</summary>
    internal IEnumerable<string> Names => Found.InOrder.Select(Name);

    internal static (RelationName Relation, ClosurePart Part, string What) Key(ClosureDifference d) =>
        (d.Relation, d.Part, d.What);

    private static string Name(object thing) => thing is CapturedRelation r ? r.Name.ToString() : thing.ToString()!;

    private static CapturedRelation? Find(IEnumerable<CapturedRelation> all, RelationName name) =>
        all.FirstOrDefault(r => r.Name == name);

    private static CapturedObject? Find(IReadOnlyList<CapturedObject>? all, CapturedObject thing) =>
        all?.FirstOrDefault(o => Name(o) == Name(thing));
}
