using System.Globalization;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary><c>connections within 20% of baseline</c>, and its opposite.</summary>
internal sealed record BaselineBand(string Signal, SignalUnit Unit, double Share, BaselineSide Side)
    : SignalCondition(Signal, Unit)
{
    public override Condition Not() =>
        this with
        {
            Side = Side is BaselineSide.Within ? BaselineSide.Outside : BaselineSide.Within,
        };

    protected override bool NeedsBaseline => true;

    protected override Message Words(Baseline baseline) =>
        Message.Of(
            Side is BaselineSide.Within ? "watching.rule.within" : "watching.rule.outside",
            ("band", LimitsFor(baseline).Text)
        );

    protected override Limits LimitsFor(Baseline baseline)
    {
        var distance = Math.Max(Share * baseline.Mean, BaselineFloor.Of(Unit, baseline));
        var (low, high) = (baseline.Mean - distance, baseline.Mean + distance);
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Quantity.Text(Math.Max(0, low), Unit)} – {Quantity.Text(high, Unit)}"
        );
        return new Limits(Side is BaselineSide.Within ? new InnerBand(low, high) : new OuterBand(low, high), text);
    }
}

internal enum BaselineSide
{
    Within,
    Outside,
}
