using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>Gathers the mistakes of one change. A part that is read for several environments tells each mistake once.</summary>
internal sealed class MistakeList(string file)
{
    private readonly HashSet<Mistake> found = [];

    public string File => file;

    public bool Any => found.Count > 0;

    public void Add(Place at, Message problem) => found.Add(new Mistake(file, at.Line, at.Column, problem));

    /// <summary>Adds what is wrong in another file that belongs to the reading of this one.</summary>
    public void AddAll(MistakeList others) => found.UnionWith(others.found);

    public IReadOnlyList<Mistake> Sorted() =>
        [.. found.OrderBy(m => m.Line).ThenBy(m => m.Column).ThenBy(m => m.Problem.Code, StringComparer.Ordinal)];
}
