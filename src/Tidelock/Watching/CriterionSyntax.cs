using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>A criterion as it was written, before its signals and units are looked up.</summary>
internal abstract record CriterionSyntax
{
    /// <summary>Its meaning; null when something is wrong, which the binding then knows.</summary>
    public abstract Condition? Bind(CriterionBinding binding);
}

/// <summary>A word with its place in the text.</summary>
internal sealed record PlacedWord(string Text, int Column);

internal sealed record ComparisonSyntax(PlacedWord Signal, Comparator Comparator, BoundSyntax Bound) : CriterionSyntax
{
    public override Condition? Bind(CriterionBinding binding) =>
        binding.UnitOf(Signal) is { } unit && Bound.Bind(Signal, unit, binding) is var (resolved, bound)
            ? new Comparison(Signal.Text, resolved, Comparator, bound)
            : null;
}

/// <summary><c>gross 30%</c>.</summary>
internal sealed record GrossSyntax(BoundSyntax Bound, int Column);

/// <summary><c>error_rate &gt; 1% for 5m gross 30%</c>.</summary>
internal sealed record WithGrossSyntax(CriterionSyntax Criterion, GrossSyntax Gross) : CriterionSyntax
{
    public override Condition? Bind(CriterionBinding binding)
    {
        if (Criterion is not ComparisonSyntax single)
        {
            return binding.RefuseAll(Gross.Column, Message.Of("watching.gross.single"));
        }

        return
            single.Bind(binding) is Comparison comparison
            && Gross.Bound.Bind(single.Signal, comparison.Unit, binding) is var (_, bound)
            ? comparison.WithGross(bound) ?? binding.RefuseAll(Gross.Bound.Column, Message.Of("watching.gross.nearer"))
            : null;
    }
}

internal sealed record WithinSyntax(PlacedWord Signal, double Percent, int Column) : CriterionSyntax
{
    public override Condition? Bind(CriterionBinding binding) =>
        Percent <= 0 ? binding.RefuseAll(Column, Message.Of("watching.bound.positive"))
        : binding.UnitOf(Signal) is { } unit ? new BaselineBand(Signal.Text, unit, Percent / 100, BaselineSide.Within)
        : null;
}

internal sealed record FaultSyntax(PlacedWord Signal, FaultState State) : CriterionSyntax
{
    public override Condition? Bind(CriterionBinding binding) => new FaultCondition(Signal.Text, State);
}

internal sealed record BothSyntax(CriterionSyntax Left, CriterionSyntax Right) : CriterionSyntax
{
    public override Condition? Bind(CriterionBinding binding) =>
        Left.Bind(binding) is { } left && Right.Bind(binding) is { } right ? new BothConditions(left, right) : null;
}

internal sealed record EitherSyntax(CriterionSyntax Left, CriterionSyntax Right) : CriterionSyntax
{
    public override Condition? Bind(CriterionBinding binding) =>
        Left.Bind(binding) is { } left && Right.Bind(binding) is { } right ? new EitherCondition(left, right) : null;
}
