using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>One mistake in a change file: where it is, what is wrong and how to mend it.</summary>
/// <param name="File">The file as the author named it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Problem">What is wrong and what to do; code <c>changes.*</c>, or of the section that found it.</param>
public sealed record Mistake(string File, int Line, int Column, Message Problem)
{
    /// <summary><c>change.yaml:12:5: …</c>, a form that terminals and editors make clickable.</summary>
    public string Render(TextCatalog texts) =>
        string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {texts.Render(Problem)}");
}
