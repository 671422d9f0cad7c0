using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Looks up signals and units, and keeps the first thing that is wrong.</summary>
internal sealed class CriterionBinding(IReadOnlyDictionary<string, SignalUnit> signals)
{
    public Message? Problem { get; private set; }

    public int Column { get; private set; }

    public SignalUnit? UnitOf(PlacedWord signal)
    {
        if (signals.TryGetValue(signal.Text, out var unit))
        {
            return unit;
        }

        Refuse(signal.Column, UnknownSignal(signal.Text));
        return null;
    }

    public (SignalUnit, Bound)? Refuse(int column, Message problem)
    {
        (Problem, Column) = (Problem ?? problem, Problem is null ? column : Column);
        return null;
    }

    public Condition? RefuseAll(int column, Message problem)
    {
        Refuse(column, problem);
        return null;
    }

    /// <summary>What to write instead, by what the signal is measured in.</summary>
    public static Message UnitMismatch(string signal, SignalUnit unit, SignalUnit written) =>
        unit switch
        {
            SignalUnit.Ratio => Message.Of("watching.unit.ratio", ("signal", signal)),
            SignalUnit.Seconds => Message.Of("watching.unit.seconds", ("signal", signal)),
            SignalUnit.PerSecond => Message.Of("watching.unit.per-second", ("signal", signal)),
            SignalUnit.Number => Message.Of("watching.unit.number", ("signal", signal)),
            SignalUnit.Unstated => Message.Of(
                "watching.unit.unstated",
                ("signal", signal),
                ("unit", written is SignalUnit.Seconds ? "seconds" : "per second")
            ),
        };

    private Message UnknownSignal(string signal) =>
        NameGuess.Nearest(signal, signals.Keys) is { } near
            ? Message.Of("watching.unknown-signal.did-you-mean", ("signal", signal), ("near", near))
            : Message.Of(
                "watching.unknown-signal",
                ("signal", signal),
                ("known", string.Join(", ", signals.Keys.Order(StringComparer.Ordinal)))
            );
}
