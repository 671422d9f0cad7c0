using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>What a rule found, with its numbers, for people.</summary>
internal sealed class BreachWords(string signal, SignalUnit unit, Timeline timeline, BreachRule rule)
{
    public Message Breached(int last) =>
        rule.IsGross(last) ? Gross(last)
        : rule.IsSustained(last) ? Window("watching.breached.window", last)
        : rule.IsRecurring(last) ? Window("watching.breached.recurring", last)
        : Clearing(last);

    public Message Healthy(int last) => Window("watching.healthy", last);

    /// <summary>How near to a breach: how far the last values are, and how much of the time it takes.</summary>
    public double Progress(int last)
    {
        var recent = timeline.Until(last, rule.Recent);
        var share = timeline.Until(last, rule.Window).TimeIn(rule.Limits.Past) * WatchRules.PastParts / rule.Window;
        return rule.Limits.Past.Closeness(recent.Mean) * (1 + Math.Min(1, share)) / 2;
    }

    /// <summary>How many values of the window are past the bound.</summary>
    public PastBound Past(int last)
    {
        var all = timeline.Until(last, rule.Window);
        return new PastBound(all.CountIn(rule.Limits.Past), all.Count);
    }

    /// <summary>Why the time before <paramref name="horizon"/> says nothing: too little of it was seen, or too few requests were made.</summary>
    public Message? Gap(long horizon, DateTimeOffset startedAt, DateTimeOffset now)
    {
        var from = Math.Max(horizon - rule.Window.Ticks, startedAt.UtcTicks);
        var all = timeline.Between(horizon - rule.Window.Ticks, horizon);
        var seen = horizon > from ? (double)all.Covered.Ticks / (horizon - from) : 0;
        var recent = timeline.Between(horizon - rule.Recent.Ticks, horizon);
        return seen < WatchRules.Coverage || all.Count < WatchRules.MinimumSamples || recent.Count == 0
                ? NotSeen(all.Count, seen, now)
            : all.HasEnoughRequests ? null
            : Message.Of("watching.unknown.few-requests", ("signal", signal), ("window", rule.Window));
    }

    /// <summary>Why values past the bound are not a breach yet: the window is longer than the watch has lasted.</summary>
    public Message? TooEarly(int last)
    {
        var all = timeline.Until(last, rule.Window);
        return all.Covered < rule.Window * WatchRules.Coverage && rule.Limits.Past.ContainsMean(all.Mean)
            ? Message.Of(
                "watching.unknown.too-early",
                ("signal", signal),
                ("mean", Text(all.Mean)),
                ("seen", all.Covered),
                ("window", rule.Window),
                ("bound", rule.Limits.Text)
            )
            : null;
    }

    private Message NotSeen(int count, double seen, DateTimeOffset now) =>
        timeline.SilencesAt(now).LastOrDefault()?.Detail is { } detail
            ? Message.Of("watching.unknown.blind", ("signal", signal), ("detail", detail))
            : Message.Of(
                "watching.unknown.coverage",
                ("signal", signal),
                ("count", count),
                ("seen", (int)Math.Floor(Math.Min(1, seen) * 100)),
                ("window", rule.Window)
            );

    private Message Gross(int last) =>
        Message.Of(
            "watching.breached.gross",
            ("signal", signal),
            ("mean", Text(timeline.Until(last, rule.GrossFor).Mean)),
            ("window", rule.GrossFor),
            ("gross", rule.Limits.Gross!.Text),
            ("bound", rule.Limits.Text)
        );

    private Message Window(string code, int last) =>
        Message.Of(
            code,
            ("signal", signal),
            ("mean", Text(timeline.Until(last, rule.Window).Mean)),
            ("window", rule.Window),
            ("bound", rule.Limits.Text),
            ("short", rule.Recent),
            ("recent", Text(timeline.Until(last, rule.Recent).Mean))
        );

    private Message Clearing(int last) =>
        Message.Of(
            "watching.breached.clearing",
            ("signal", signal),
            ("mean", Text(timeline.Until(last, rule.Window).Mean)),
            ("window", rule.Window),
            ("bound", rule.Limits.Text),
            ("short", rule.Recent)
        );

    private string Text(double value) => Quantity.Text(value, unit);
}
