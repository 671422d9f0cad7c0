using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>The words for <c>unit:</c>.</summary>
internal static class SignalUnits
{
    private static readonly (string Word, SignalUnit Unit)[] Words =
    [
        ("number", SignalUnit.Number),
        ("ratio", SignalUnit.Ratio),
        ("seconds", SignalUnit.Seconds),
        ("perSecond", SignalUnit.PerSecond),
    ];

    /// <summary>
    /// The unit an author names. Where the source has one of its own, that is the unit, and any other but a bare number is a mistake.
    /// </summary>
    public static SignalUnit Read(ChangeNode node, SignalUnit natural)
    {
        var unit = node.Word(natural, Words);
        if (natural is SignalUnit.Unstated || unit is SignalUnit.Number || unit == natural)
        {
            return unit;
        }

        var own = Words.First(w => w.Unit == natural).Word;
        node.Mistake(Message.Of("probes.unit", ("unit", own)));
        return natural;
    }
}
