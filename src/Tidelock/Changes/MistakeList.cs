using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>Gathers the mistakes of one change. A part that is read for several environments tells each mistake once.</summary>
internal sealed class MistakeList(string file)
{
    private readonly HashSet<Mistake> found = [];

    public string File { get; } = file;

    public void Add(Place at, Message problem) => AddTo(File, at, problem);

    public void AddTo(string otherFile, Place at, Message problem) =>
        found.Add(new Mistake(otherFile, at.Line, at.Column, problem));

    public IReadOnlyList<Mistake> Sorted() =>
        [
            .. found
                .OrderBy(m => !string.Equals(m.File, File, StringComparison.Ordinal))
                .ThenBy(m => m.File, StringComparer.Ordinal)
                .ThenBy(m => m.Line)
                .ThenBy(m => m.Column)
                .ThenBy(m => m.Problem.Code, StringComparer.Ordinal),
        ];
}
