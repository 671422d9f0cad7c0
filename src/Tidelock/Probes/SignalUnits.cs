using Tidelock.Changes;

namespace Tidelock.Probes;

/// <summary>The words for <c>unit:</c>.</summary>
internal static class SignalUnits
{
    public static SignalUnit Read(ChangeNode node, SignalUnit fallback) =>
        node.Word(
            fallback,
            ("number", SignalUnit.Number),
            ("ratio", SignalUnit.Ratio),
            ("seconds", SignalUnit.Seconds),
            ("perSecond", SignalUnit.PerSecond)
        );
}
