using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>
/// A signal that cannot be seen for longer than the grace. Errors and answers without data have a timer each, and neither has
/// anything to do with the timer of a breach: a blind instrument is never the service's fault.
/// </summary>
/// <param name="Reason">What cannot be seen, and why.</param>
/// <param name="Since">Since when.</param>
/// <param name="Patience">How long that was waited for.</param>
internal sealed record Blindness(Message Reason, DateTimeOffset Since, TimeSpan Patience)
{
    /// <summary>Since when it has held the run: from before, where one kind of blindness took the place of another without a value between.</summary>
    public DateTimeOffset From { get; init; } = Since + Patience;

    public static Blindness? Of(string signal, WatchEvidence evidence)
    {
        var timeline = evidence.Of(signal);
        var silences = timeline.SilencesAt(evidence.Now).ToList();
        var (error, empty) = (First(silences, SampleOutcome.Error), First(silences, SampleOutcome.NoData));

        // A late source's values stand for an earlier time than the errors between them, so it is waited for as long.
        var (forError, forData) = (
            evidence.Options.ErrorGrace + timeline.Pace.Delay,
            evidence.Options.Grace + timeline.Pace.Delay
        );
        var (failing, missing) = (
            IsOver(error, forError, evidence)
                ? Blind("watching.hold.error", signal, error!.At, forError, silences[^1].Detail, evidence)
                : null,
            IsOver(empty, forData, evidence)
                ? Blind("watching.hold.no-data", signal, empty!.At, forData, silences[^1].Detail, evidence)
                : null
        );
        return failing is not null && missing is not null && missing.From < failing.From
            ? failing with
            {
                From = missing.From,
            }
            : failing
                ?? missing
                ?? Silent(signal, timeline, silences, evidence)
                ?? (BuiltInSignals.All.Contains(signal) ? null : Thin(signal, timeline, evidence));
    }

    private static Sample? First(List<Sample> silences, SampleOutcome outcome) =>
        silences.Find(s => s.Outcome == outcome);

    private static bool IsOver(Sample? since, TimeSpan patience, WatchEvidence evidence) =>
        since is not null && evidence.Now - since.At > patience;

    private static Blindness Blind(
        string code,
        string signal,
        DateTimeOffset since,
        TimeSpan patience,
        Message? detail,
        WatchEvidence evidence
    ) => new(Message.Of(code, ("signal", signal), ("for", evidence.Now - since), ("detail", detail)), since, patience);

    /// <summary>Nothing at all came in: the probe did not even answer that it failed.</summary>
    private static Blindness? Silent(string signal, Timeline timeline, List<Sample> silences, WatchEvidence evidence)
    {
        var count = timeline.CountAt(evidence.Now);
        var since =
            silences.Count > 0 ? silences[^1].At
            : count > 0 ? new DateTimeOffset(timeline[count - 1].At, TimeSpan.Zero)
            : evidence.StartedAt;
        var patience = BuiltInSignals.All.Contains(signal)
            ? WatchRules.StaleAfter
            : evidence.Options.Grace + timeline.Pace.Delay + timeline.Pace.Every - evidence.Options.Every;
        return evidence.Now - since > patience
            ? Blind("watching.hold.silent", signal, since, patience, null, evidence)
            : null;
    }

    /// <summary>Values come in, but so few of them for so long that no window can be judged.</summary>
    private static Blindness? Thin(string signal, Timeline timeline, WatchEvidence evidence)
    {
        var grace = evidence.Options.Grace;
        var stretch = WatchRules.FullStretch(grace, timeline.Pace.Every);
        var last = timeline.CountAt(evidence.Now) - 1;
        var full = last;
        while (full >= 0 && !IsFull(timeline, full, stretch, grace))
        {
            full--;
        }

        var since = full < 0 ? evidence.StartedAt : new DateTimeOffset(timeline[full].At, TimeSpan.Zero);
        var patience = grace + stretch + timeline.Pace.Delay;
        return last > full && evidence.Now - since > patience
            ? new Blindness(
                Message.Of(
                    "watching.hold.thin",
                    ("signal", signal),
                    ("for", evidence.Now - since),
                    ("count", last - full)
                ),
                since,
                patience
            )
            : null;
    }

    /// <summary>Whether enough of the time before a value was seen; of the time since data came back, after an outage.</summary>
    private static bool IsFull(Timeline timeline, int index, TimeSpan span, TimeSpan outage)
    {
        var seen = timeline.Until(index, span);
        var first = index - seen.Count + 1;
        var before = first > 0 ? timeline[first - 1].At : timeline.StartTicks;
        var from =
            timeline[first].At - before > outage.Ticks
                ? timeline[first].At - timeline.Pace.Reach.Ticks
                : Math.Max(timeline[index].At - span.Ticks, timeline.StartTicks);
        return seen.Covered.Ticks >= (timeline[index].At - from) * WatchRules.Coverage;
    }
}
