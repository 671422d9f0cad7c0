using Tidelock.Contracts;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Whether PostgreSQL's estimate of an evaluation fits its bounds, so that what cannot end in time is not begun.</summary>
internal static class EvaluationBounds
{
    /// <summary>
    /// Units of cost in a second, beyond doubt too many: the attempt view of the example does 500,000, ten times what its rows are worth
    /// because they are overestimated. What is below is begun, and the time limit decides.
    /// </summary>
    private const double CostPerSecond = 10_000_000;

    /// <summary>How far an estimate may be wrong where nothing but the estimate stands between an evaluation and a full disk.</summary>
    private const int Unkept = 10;

    /// <summary>Why it is not begun, and what to write; null where it may be.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="plans">Of each side.</param>
    /// <param name="isTemporaryKept">Whether the server ends what needs more temporary space than was estimated.</param>
    public static Message? Exceeded(CompareOptions options, IEnumerable<QueryPlan> plans, bool isTemporaryKept)
    {
        foreach (var plan in plans)
        {
            if (plan.Cost > CostPerSecond * options.Within.TotalSeconds)
            {
                return Message.Of(
                    "contracts.compare.too-much",
                    ("cost", (long)Math.Min(plan.Cost, long.MaxValue / 2)),
                    ("time", TimeSpan.FromSeconds(Math.Min(plan.Cost / CostPerSecond, 1e9))),
                    ("limit", options.Within)
                );
            }

            if (plan.Temporary > options.Temporary)
            {
                return Message.Of(
                    "contracts.compare.too-much-temporary",
                    ("needed", plan.Temporary >> 20),
                    ("limit", options.Temporary >> 20)
                );
            }

            if (!isTemporaryKept && plan.Temporary > options.Temporary / Unkept)
            {
                return Message.Of(
                    "contracts.compare.too-much-unkept",
                    ("needed", plan.Temporary >> 20),
                    ("limit", (options.Temporary / Unkept) >> 20)
                );
            }
        }

        return null;
    }
}
