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
    /// <paramref name="without"/>. What they dropped stays dropped. The relation's own definition is what the way back is about, and is the old one.
    /// </summary>
    /// <param name="before">What was there before the change.</param>
    /// <param name="without">Whose later definitions do not fit what was there before, as people write their names; null for none.</param>
    internal RelationClosure Kept(RelationClosure before, IReadOnlySet<string>? without = null)
    {
        without ??= new HashSet<string>(StringComparer.Ordinal);
        var order = Order(before, without).Select(Merged);
        return RelationClosure.InThisOrder(Relation(before.Relation), order, before.Unrestorable);

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

    /// <summary>As <see cref="Kept"/>, and behind it what others added after the rest was found.</summary>
    internal RelationClosure Target(
        RelationClosure? current,
        RelationClosure before,
        IReadOnlySet<string>? without = null
    )
    {
        var found = Found.InOrder.Select(Name).ToHashSet(StringComparer.Ordinal);
        var added = current?.InOrder.Skip(1).Where(o => !found.Contains(Name(o)));
        return ClosureRestore.Target(
            added is null ? null : RelationClosure.InThisOrder(current!.Relation, added, []),
            Kept(before, without)
        );
    }

    /// <summary>Everything whose later definition could be left out.</summary>
    internal IEnumerable<string> Names => Verified.InOrder.Concat(Found.InOrder).Select(Name).Distinct();

    /// <summary>
    /// Dependents in an order in which they can be created: that in which they were found, because others may have let one read another.
    /// What they dropped, or let read something else, is left alone. Without anything of theirs it is the order before the change.
    /// </summary>
    private IEnumerable<object> Order(RelationClosure before, IReadOnlySet<string> without)
    {
        var was = before.InOrder.Skip(1).ToList();
        if (without.IsSupersetOf(Names))
        {
            return was;
        }

        var gone = Verified.InOrder.Select(Name).Except(Found.InOrder.Select(Name), StringComparer.Ordinal);
        var leftOut = gone.Where(n => !without.Contains(n)).ToHashSet(StringComparer.Ordinal);
        var known = was.ToDictionary(Name, StringComparer.Ordinal);
        var first = Name(before.Relation);
        var order = Found
            .InOrder.Where(o => Name(o) != first && (known.ContainsKey(Name(o)) || !without.Contains(Name(o))))
            .Select(o => known.GetValueOrDefault(Name(o), o))
            .ToList();

        // What only was there before comes before the first of those that came behind it then.
        for (var i = was.Count - 1; i >= 0; i--)
        {
            if (!order.Contains(was[i]) && !leftOut.Contains(Name(was[i])))
            {
                var behind = was.Skip(i + 1).ToHashSet();
                var at = order.FindIndex(behind.Contains);
                order.Insert(at < 0 ? order.Count : at, was[i]);
            }
        }

        return order;
    }

    internal static (RelationName Relation, ClosurePart Part, string What) Key(ClosureDifference d) =>
        (d.Relation, d.Part, d.What);

    private static string Name(object thing) => thing is CapturedRelation r ? r.Name.ToString() : thing.ToString()!;

    private static CapturedRelation? Find(IEnumerable<CapturedRelation> all, RelationName name) =>
        all.FirstOrDefault(r => r.Name == name);

    private static CapturedObject? Find(IReadOnlyList<CapturedObject>? all, CapturedObject thing) =>
        all?.FirstOrDefault(o => Name(o) == Name(thing));
}
