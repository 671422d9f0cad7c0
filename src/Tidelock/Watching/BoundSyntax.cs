using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>What stands on the right of a comparison, as written.</summary>
internal abstract record BoundSyntax(int Column)
{
    /// <summary>The bound in the signal's unit, and that unit; null when they do not fit.</summary>
    public abstract (SignalUnit Unit, Bound Bound)? Bind(PlacedWord signal, SignalUnit unit, CriterionBinding binding);
}

internal sealed record BaselineBoundSyntax(double Factor, int Column) : BoundSyntax(Column)
{
    public override (SignalUnit, Bound)? Bind(PlacedWord signal, SignalUnit unit, CriterionBinding binding) =>
        Factor <= 0 ? binding.Refuse(Column, Message.Of("watching.bound.positive")) : (unit, new BaselineBound(Factor));
}

internal sealed record FixedBoundSyntax(double Number, BoundUnit Unit, int Column) : BoundSyntax(Column)
{
    /// <summary>Zero is zero in every unit. Everything else must say what the signal is measured in, so that 1 is not taken for 1 %.</summary>
    public override (SignalUnit, Bound)? Bind(PlacedWord signal, SignalUnit unit, CriterionBinding binding)
    {
        if (Number < 0 && unit is not (SignalUnit.Number or SignalUnit.Unstated))
        {
            return binding.Refuse(Column, Message.Of("watching.bound.negative", ("signal", signal.Text)));
        }

        if (unit == Unit.Of || (Number == 0 && Unit.Of is SignalUnit.Number))
        {
            return (unit, new FixedBound(Number * Unit.Size));
        }

        if (unit is SignalUnit.Unstated && Unit.Of is SignalUnit.Number or SignalUnit.Ratio)
        {
            return (Unit.Of is SignalUnit.Ratio ? SignalUnit.Ratio : unit, new FixedBound(Number * Unit.Size));
        }

        return binding.Refuse(Column, CriterionBinding.UnitMismatch(signal.Text, unit, Unit.Of));
    }
}

/// <summary>A unit as authors write it.</summary>
/// <param name="Of">What it measures.</param>
/// <param name="Size">One of it in the signal's unit.</param>
internal sealed record BoundUnit(SignalUnit Of, double Size)
{
    public static BoundUnit None { get; } = new(SignalUnit.Number, 1);

    public static BoundUnit Percent { get; } = new(SignalUnit.Ratio, 0.01);

    public static BoundUnit? Duration(string word) =>
        Seconds(word) is { } seconds ? new BoundUnit(SignalUnit.Seconds, seconds) : null;

    public static BoundUnit? Per(string word) =>
        Seconds(word) is { } seconds and >= 1 ? new BoundUnit(SignalUnit.PerSecond, 1 / seconds) : null;

    public static double? Seconds(string word) =>
        word switch
        {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" or "sec" or "second" or "seconds" => 1,
            "m" or "min" or "minute" or "minutes" => 60,
            "h" or "hour" or "hours" => 3600,
            _ => null,
        };
}
