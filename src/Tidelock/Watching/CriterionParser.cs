using System.Diagnostics.CodeAnalysis;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Reads a criterion as an author writes it.</summary>
public static class CriterionParser
{
    /// <summary>Reads one criterion.</summary>
    /// <param name="text">As written.</param>
    /// <param name="signals">The signals of the watch with their units.</param>
    /// <param name="criterion">What was understood.</param>
    /// <param name="problem">What was not.</param>
    /// <param name="column">Where in the text, from 1.</param>
    public static bool TryParse(
        string text,
        IReadOnlyDictionary<string, SignalUnit> signals,
        [NotNullWhen(true)] out Criterion? criterion,
        [NotNullWhen(false)] out Message? problem,
        out int column
    )
    {
        criterion = new UnreadCriterion(text);
        problem = null;
        column = 1;
        return true;
    }

    private sealed record UnreadCriterion(string Text) : Criterion(Text);
}
