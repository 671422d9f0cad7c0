using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>What the step baseline says at its end.</summary>
internal static class BaselineFinding
{
    /// <summary>Why the change must not be made: the watch would go back for what is so already.</summary>
    public static Message? Breached(EarlierBreach earlier) =>
        earlier.TakesBack() is { } breach
            ? Message.Of("steps.baseline.breached", ("criterion", breach.Criterion), ("finding", breach.Reason))
            : null;

    /// <summary>What there is, and what of the watch is to be known beforehand.</summary>
    /// <param name="countLimit">How long rows were counted at most.</param>
    public static Message Done(StepContext context, EarlierBreach earlier, TimeSpan countLimit)
    {
        var captured = RunBaseline.Of(context);
        var done = Message.Of(
            captured is { Closure: not null, Rows: null } ? "steps.baseline.uncounted" : "steps.baseline.done",
            ("limit", countLimit),
            ("relation", (object?)captured?.Relation ?? "-"),
            ("dependents", captured?.Closure?.DependentNames.Count() ?? 0),
            ("rows", (object?)captured?.Rows ?? "-"),
            ("ticks", context.State.BaselineTicks.Count)
        );
        if (SourceDelays.Told(context.State) is { } late)
        {
            done = Message.Of("steps.baseline.and-late", ("finding", done), ("late", late));
        }

        if (earlier.IsExceeded() is { } exceeded)
        {
            done = Message.Of(
                "steps.baseline.exceeded",
                ("done", done),
                ("criterion", exceeded.Criterion),
                ("finding", exceeded.Reason)
            );
        }

        return earlier.IsUnhealthy() is { } open
            ? Message.Of(
                "steps.baseline.unhealthy",
                ("done", done),
                ("criterion", open.Criterion),
                ("finding", open.Reason)
            )
            : done;
    }
}
