using Tidelock.Calendars;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Whether what is left of a run still fits the window that its gate found open: a long backup or a person's pause may have used the time up.
/// </summary>
internal static class WindowAhead
{
    /// <summary>Why the change is not made now; null where it may be.</summary>
    public static Message? Problem(StepContext context)
    {
        if (
            !context.State.Gates.TryGetValue("window", out var gate)
            || gate is not { Level: "required", Passed: true, Overridden: false }
        )
        {
            return null;
        }

        var window = context.Change.Section<GateOptions>().Window.Window;
        var left = window.Takes < Window.UsuallyTakes ? window.Takes : Window.UsuallyTakes;
        var finding = WindowGate.Find(
            window,
            context.Time.GetUtcNow(),
            left + context.Change.Section<WatchOptions>().For
        );
        return finding.Passed ? null : Message.Of("steps.migrate.window", ("finding", finding.Finding));
    }
}
