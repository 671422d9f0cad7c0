using System.Collections;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>What a run tells, in order: it may still go on telling while a test reads.</summary>
internal sealed class HeardList<T> : IEnumerable<T>
{
    private readonly Lock guard = new();
    private readonly List<T> heard = [];

    public void Add(T one)
    {
        lock (guard)
        {
            heard.Add(one);
        }
    }

    public void Clear()
    {
        lock (guard)
        {
            heard.Clear();
        }
    }

    /// <summary>All so far.</summary>
    public List<T> ToList()
    {
        lock (guard)
        {
            return [.. heard];
        }
    }

    public IEnumerator<T> GetEnumerator() => ToList().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
