using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>
/// When values past a bound are a breach: the mean of the window and of its last short stretch are past it, and so is a third of
/// the samples; or all samples of a minute are grossly past it. A breach is over when it was none for a full short stretch.
/// </summary>
internal sealed class BreachRule(WatchEvidence evidence, string signal, Limits limits, TimeSpan window)
{
    private readonly Timeline timeline = evidence.Of(signal);
    private readonly TimeSpan shortStretch = WatchRules.Recent(window, evidence.Options.Every);

    private DateTimeOffset Now => evidence.Now;

    public Finding Judge(Func<double, string> text)
    {
        var all = Window(Now);
        if (all.Count == 0)
        {
            return Finding.Unknown(Nothing());
        }

        if (IsGross(Now))
        {
            return Finding.Breached(Gross(text));
        }

        if (IsSustained(Now))
        {
            return Finding.Breached(Sustained(all, Recent(Now), text));
        }

        if (WasBreached())
        {
            return Finding.Breached(Clearing(all, text));
        }

        return Gap(all) is { } gap
            ? Finding.Unknown(gap)
            : Finding.Healthy(Inside(all, Recent(Now), text), Progress(all, Recent(Now)));
    }

    private Stretch Window(DateTimeOffset at) => timeline.Between(at - window, at);

    private Stretch Recent(DateTimeOffset at) => timeline.Between(at - shortStretch, at);

    private bool IsSustained(DateTimeOffset at)
    {
        var (all, recent) = (Window(at), Recent(at));
        return recent.Count > 0
            && IsCovered(window, at)
            && all.HasEnoughRequests
            && all.ShareIn(limits.Past) >= WatchRules.PastShare
            && limits.Past.Contains(all.Mean)
            && limits.Past.Contains(recent.Mean);
    }

    private bool IsGross(DateTimeOffset at)
    {
        var minute = timeline.Between(at - WatchRules.GrossFor, at);
        return limits.Gross is { } gross
            && window > WatchRules.GrossFor
            && minute.Count > 0
            && IsCovered(WatchRules.GrossFor, at)
            && minute.HasEnoughRequests
            && minute.ShareIn(gross) >= 1;
    }

    private bool WasBreached() =>
        timeline
            .Values.Reverse()
            .TakeWhile(v => v.At > Now - shortStretch)
            .Where(v => limits.Past.Contains(v.Value!.Value))
            .Any(v => IsSustained(v.At) || IsGross(v.At));

    private bool IsCovered(TimeSpan span, DateTimeOffset at) =>
        timeline.Covered(at - span, at) >= span * WatchRules.Coverage;

    /// <summary>Why the window says nothing: too much of what has passed of it was not seen, or too few requests were made.</summary>
    private Message? Gap(Stretch all)
    {
        var from = Now - window > evidence.StartedAt ? Now - window : evidence.StartedAt;
        var seen = Now > from ? timeline.Covered(from, Now) / (Now - from) : 0;
        var enough = Math.Min(WatchRules.MinimumSamples, (int)(window / evidence.Options.Every));
        return seen < WatchRules.Coverage || all.Count < enough || Recent(Now).Count == 0 ? NotSeen(all, seen)
            : all.HasEnoughRequests ? null
            : Message.Of("watching.unknown.few-requests", ("signal", signal), ("window", window));
    }

    private double Progress(Stretch all, Stretch recent)
    {
        var share = all.ShareIn(limits.Past) / WatchRules.PastShare * (timeline.Covered(Now - window, Now) / window);
        return limits.Past.Closeness(recent.Mean) * (1 + Math.Min(1, share)) / 2;
    }

    private Message Nothing() =>
        timeline.Last is { Outcome: not SampleOutcome.Value, Detail: { } detail }
            ? Message.Of("watching.unknown.blind", ("signal", signal), ("detail", detail))
            : Message.Of("watching.unknown.no-samples", ("signal", signal));

    private Message NotSeen(Stretch all, double seen) =>
        timeline.Last is { Outcome: SampleOutcome.Value }
            ? Message.Of(
                "watching.unknown.coverage",
                ("signal", signal),
                ("count", all.Count),
                ("seen", (int)Math.Floor(Math.Min(1, seen) * 100)),
                ("window", window)
            )
            : Nothing();

    private Message Gross(Func<double, string> text) =>
        Message.Of(
            "watching.breached.gross",
            ("signal", signal),
            ("mean", text(timeline.Between(Now - WatchRules.GrossFor, Now).Mean)),
            ("window", WatchRules.GrossFor),
            ("bound", limits.Text)
        );

    private Message Sustained(Stretch all, Stretch recent, Func<double, string> text) =>
        Message.Of(
            "watching.breached.window",
            ("signal", signal),
            ("mean", text(all.Mean)),
            ("window", window),
            ("bound", limits.Text),
            ("short", shortStretch),
            ("recent", text(recent.Mean))
        );

    private Message Clearing(Stretch all, Func<double, string> text) =>
        Message.Of(
            "watching.breached.clearing",
            ("signal", signal),
            ("mean", text(all.Mean)),
            ("window", window),
            ("bound", limits.Text),
            ("short", shortStretch)
        );

    private Message Inside(Stretch all, Stretch recent, Func<double, string> text) =>
        Message.Of(
            "watching.healthy",
            ("signal", signal),
            ("mean", text(all.Mean)),
            ("window", window),
            ("bound", limits.Text),
            ("short", shortStretch),
            ("recent", text(recent.Mean))
        );
}
