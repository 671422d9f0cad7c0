using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>
/// A signal that cannot be seen for longer than the grace. Errors and answers without data have a timer each, and neither has
/// anything to do with the timer of a breach: a blind instrument is never the service's fault.
/// </summary>
internal sealed record Blindness(Message Reason, DateTimeOffset Since)
{
    public static Blindness? Of(string signal, WatchEvidence evidence)
    {
        var timeline = evidence.Of(signal);
        return First(timeline, SampleOutcome.Error) is { } error && IsOver(error.At, evidence)
                ? Failing(signal, error, timeline, evidence)
            : First(timeline, SampleOutcome.NoData) is { } empty && IsOver(empty.At, evidence)
                ? Empty(signal, empty, timeline, evidence)
            : Silent(signal, timeline, evidence);
    }

    private static Sample? First(Timeline timeline, SampleOutcome outcome) =>
        timeline.Blind.FirstOrDefault(s => s.Outcome == outcome);

    private static bool IsOver(DateTimeOffset since, WatchEvidence evidence) =>
        evidence.Now - since > evidence.Options.Grace;

    private static Blindness Failing(string signal, Sample since, Timeline timeline, WatchEvidence evidence) =>
        new(
            Message.Of(
                "watching.hold.error",
                ("signal", signal),
                ("for", evidence.Now - since.At),
                ("detail", timeline.Last!.Detail)
            ),
            since.At
        );

    private static Blindness Empty(string signal, Sample since, Timeline timeline, WatchEvidence evidence) =>
        new(
            Message.Of(
                "watching.hold.no-data",
                ("signal", signal),
                ("for", evidence.Now - since.At),
                ("detail", timeline.Last!.Detail)
            ),
            since.At
        );

    /// <summary>Nothing at all came in: the probe did not even answer that it failed.</summary>
    private static Blindness? Silent(string signal, Timeline timeline, WatchEvidence evidence)
    {
        var since = timeline.Last?.At ?? evidence.StartedAt;
        var patience = signal is BuiltInSignals.Downstream or BuiltInSignals.Contract
            ? WatchRules.StaleAfter
            : evidence.Options.Grace;
        return evidence.Now - since > patience
            ? new Blindness(
                Message.Of("watching.hold.silent", ("signal", signal), ("for", evidence.Now - since)),
                since
            )
            : null;
    }
}
