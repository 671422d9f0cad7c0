namespace Tidelock.Relations;

/// <summary>One relation as it was before a change, with what others made of it after the change.</summary>
internal sealed record RelationMerge(CapturedRelation Before, CapturedRelation Verified, CapturedRelation Found)
{
    /// <param name="isFirst">Whether it is the relation of the change, whose definition is the old one.</param>
    /// <param name="texts">Whether definitions, rules, triggers, indexes and defaults are kept too, which may not fit.</param>
    public CapturedRelation Kept(bool isFirst, bool texts) =>
        (texts ? WithTexts(isFirst) : Before) switch
        {
            _ when texts && !isFirst && Verified.Kind != Found.Kind => Found,
            var kept => kept with
            {
                Owner = Pick(r => r.Owner),
                Options = Items(r => r.Options, o => o.Split('=')[0], o => o),
                Grants = Grants(r => r.Grants, ClosureComparison.EffectiveGrants),
                Comment = Pick(r => r.Comment),
                Populated = Before.Kind == Found.Kind ? Pick(r => r.Populated) : Before.Populated,
                TypeComment = Pick(r => r.TypeComment),
                TypeGrants = Grants(r => r.TypeGrants, r => r.TypeGrants ?? []),
                Labels = Items(r => r.Labels ?? [], l => $"{l.Provider} {l.Column}", l => l.Label),
                Columns = [.. kept.Columns.Select(c => Column(c, texts))],
            },
        };

    private CapturedRelation WithTexts(bool isFirst)
    {
        var isOther = !isFirst && Verified.Definition != Found.Definition;
        return Before with
        {
            Definition = isOther ? Found.Definition : Before.Definition,
            Columns = isOther ? Found.Columns : Before.Columns,
            Rules = Items(r => r.Rules, x => x.Name, x => $"{x}"),
            Triggers = Items(r => r.Triggers, x => x.Name, x => $"{x}"),
            Indexes = Items(
                r => r.Indexes,
                x => x.Name,
                x => $"{x.Definition} {ClosureComparison.Marks(x)} {x.Comment}"
            ),
        };
    }

    private CapturedColumn Column(CapturedColumn column, bool texts)
    {
        CapturedColumn? Of(CapturedRelation r) => r.Columns.FirstOrDefault(c => c.Name == column.Name);
        return Of(Before) is null || Of(Verified) is null || Of(Found) is null
            ? column
            : column with
            {
                Comment = Pick(r => Of(r)?.Comment),
                Default = texts ? Pick(r => Of(r)?.Default) : column.Default,
                Grants = Grants(r => Of(r)?.Grants, r => Of(r)?.Grants ?? []),
            };
    }

    private T Pick<T>(Func<CapturedRelation, T> part) =>
        Equals(part(Verified), part(Found)) ? part(Before) : part(Found);

    /// <summary>All that one role has from another is one thing. A new owner has become the grantor of what the old one gave.</summary>
    private IReadOnlyList<CapturedGrant>? Grants(
        Func<CapturedRelation, IReadOnlyList<CapturedGrant>?> stored,
        Func<CapturedRelation, IEnumerable<CapturedGrant>> effective
    ) =>
        Verified.Owner != Found.Owner ? stored(Found)
        : effective(Verified).ToHashSet().SetEquals(effective(Found)) ? stored(Before)
        : Items(effective, g => $"{g.Grantee} {g.Grantor}", g => $"{g}");

    /// <summary>Things of a list by their keys: those that others touched are as they left them, the rest as before.</summary>
    private List<T> Items<T>(Func<CapturedRelation, IEnumerable<T>> list, Func<T, string> key, Func<T, string> text)
    {
        var then = list(Verified).ToLookup(key, StringComparer.Ordinal);
        var now = list(Found).ToLookup(key, StringComparer.Ordinal);
        bool IsTouched(T item) =>
            !then[key(item)].Select(text).ToHashSet(StringComparer.Ordinal).SetEquals(now[key(item)].Select(text));
        return [.. list(Before).Where(i => !IsTouched(i)), .. list(Found).Where(IsTouched)];
    }
}
