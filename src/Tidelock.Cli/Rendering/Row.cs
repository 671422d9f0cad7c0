using Tidelock.Evidence;

namespace Tidelock.Cli.Rendering;

/// <summary>
/// One thing on the screen: a mark, a label in its own column, and a text that is wrapped under itself. The mark and the words
/// carry the meaning; the tone only repeats it.
/// </summary>
internal sealed record Row(string Mark, string Label, string Text, Tone Tone = Tone.Plain)
{
    /// <summary>An empty line.</summary>
    public static Row Gap { get; } = new("", "", "");

    /// <summary>Text over the whole width.</summary>
    public static Row Of(string text, Tone tone = Tone.Plain) => new("", "", text, tone);
}
