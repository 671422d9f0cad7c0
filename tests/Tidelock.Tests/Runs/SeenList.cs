using System.Collections;
using System.Collections.Immutable;

namespace Tidelock.Tests.Runs;

/// <summary>What was told to an onlooker, to be read while more is told: whoever goes through it sees it as it was then.</summary>
internal sealed class SeenList<T> : IReadOnlyList<T>
{
    private ImmutableList<T> all = [];

    public int Count => all.Count;

    public T this[int index] => all[index];

    public void Add(T item) => ImmutableInterlocked.Update(ref all, (seen, one) => seen.Add(one), item);

    public void Clear() => ImmutableInterlocked.Update(ref all, seen => seen.Clear());

    public int FindIndex(Predicate<T> isMeant) => all.FindIndex(isMeant);

    public IEnumerator<T> GetEnumerator() => all.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
