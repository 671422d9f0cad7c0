using Tidelock.Watching;

namespace Tidelock.Tests.Watching.Peers;

/// <summary>One comparison of a scenario as a peer sees it: it asks the source itself, whenever it likes.</summary>
internal sealed class PolledSource
{
    /// <summary>How long Prometheus still answers with a series that has ended.</summary>
    private const double Lookback = 300;

    private readonly List<(double At, Answer Answer)> answers;
    private readonly Func<double, bool> isPast;

    private PolledSource(Scenario scenario, Comparison comparison, double bound)
    {
        answers =
        [
            .. scenario
                .Samples.Where(s => string.Equals(s.Signal, comparison.Signal, StringComparison.Ordinal))
                .Select(s => (s.ReadAt, s.Answer))
                .OrderBy(s => s.ReadAt),
        ];
        isPast = value =>
            comparison.Comparator switch
            {
                Comparator.Above => value > bound,
                Comparator.AtLeast => value >= bound,
                Comparator.Below => value < bound,
                Comparator.AtMost => value <= bound,
            };
        For = scenario.Options.RollBackWhen[0].For!.Value.TotalSeconds;
        Ends = scenario.Options.For.TotalSeconds;
        Until = scenario.Until;
    }

    /// <summary>How long the rule takes.</summary>
    public double For { get; }

    /// <summary>When the watch ends.</summary>
    public double Ends { get; }

    public double Until { get; }

    /// <summary>The only comparison of a scenario; null where the peers have nothing like it, or where it is about this process.</summary>
    public static PolledSource? Of(Scenario scenario)
    {
        if (
            scenario.Options.RollBackWhen is not [{ For: not null, Condition: Comparison comparison }]
            || scenario.IsAboutThisProcess
        )
        {
            return null;
        }

        var pace = scenario.Options.PaceOf(comparison.Signal);
        var baseline = Baseline.Of(scenario.Baseline.Where(s => s.Signal == comparison.Signal), pace);
        return comparison.Bound.NeedsBaseline && !baseline.IsUsable
            ? null
            : new PolledSource(
                scenario,
                comparison,
                comparison.Bound.Resolve(
                    baseline,
                    comparison.Unit,
                    comparison.Comparator is Comparator.Above or Comparator.AtLeast ? 1 : -1
                )
            );
    }

    /// <summary>What the source answers at a time: what it has last, nothing where that is long ago.</summary>
    public Answer At(double time)
    {
        var last = answers.LastOrDefault(a => a.At <= time, (double.NegativeInfinity, new Answer.Empty()));
        return time - last.At <= Lookback ? last.Answer : new Answer.Empty();
    }

    public bool IsPast(double value) => isPast(value);
}
