using Tidelock.Evidence;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Cli.Rendering;

/// <summary>
/// The watch as rows: every signal with its value beside what must hold and what it was before, and under it what would take the change
/// back, and how near that is.
/// </summary>
internal sealed class WatchRows(ReportWords words)
{
    private const int SparklineWidth = 10;
    private const int ValueWidth = 8;

    /// <summary>A share of the mean that is no spread: what sums of equal values are off by.</summary>
    private const double NoSpread = 1e-9;

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    /// <summary>A row that continues the one above.</summary>
    private const string Under = " ";

    public IEnumerable<Row> Rows(RunState state, ReportWatch watch, DateTimeOffset now)
    {
        var judged = Judged.All(state);
        var known = state.Rules?.Signals ?? [];
        var shown = new HashSet<Judged>();
        foreach (var signal in watch.Signals)
        {
            var mine = judged.Where(j => j.IsOnlyOf(signal.Signal)).ToList();
            shown.UnionWith(mine);
            if (signal.Signal is not (BuiltInSignals.Downstream or BuiltInSignals.Contract))
            {
                yield return Signal(
                    signal,
                    mine,
                    known.FirstOrDefault(s => s.Signal == signal.Signal),
                    Unseen(signal.Signal, state, now)
                );
                foreach (var rule in mine.Where(j => j.Rule.RollsBack))
                {
                    yield return new Row("", Under, $"{words.Say(rule.Rule.Words)}{Near(rule.Verdict)}", ToneOf(rule));
                }
            }
            else if (mine.Count > 0)
            {
                yield return Fault(signal.Signal, mine, state, now);
            }
        }

        foreach (var other in judged.Where(j => !shown.Contains(j)))
        {
            var word = words.Of(other.State);
            var label = other.Rule.Signals is [var only] ? only : Under;
            yield return new Row(word.Mark, label, $"{words.Say(other.Rule.Words)}{Near(other.Verdict)}", word.Tone);
        }
    }

    /// <summary>The worst that any rule says; null before anything was judged.</summary>
    public MarkedWord? Standing(RunState state) =>
        Judged.All(state).Where(j => j.Verdict is not null).MaxBy(j => Badness(j.State)) is { } worst
            ? words.Of(worst.State)
            : null;

    /// <summary>How near the nearest rule is to taking the change back; null where none is near at all.</summary>
    public string? Nearest(RunState state)
    {
        var nearest = Judged.All(state).Where(j => j.Rule.RollsBack).MaxBy(j => j.Verdict?.Progress ?? 0);
        return nearest?.Verdict is { Progress: >= 0.01 } verdict
            ? words.Say(
                "cli.watch.nearest",
                ("criterion", verdict.Criterion),
                ("percent", (int)Math.Round(verdict.Progress * 100))
            )
            : null;
    }

    /// <summary>How long ago a signal had its last value, where it had none since; null where it is of the last tick.</summary>
    private static TimeSpan? Unseen(string signal, RunState state, DateTimeOffset now)
    {
        var ticks = state.Ticks.Where(t => t.Samples.Any(s => s.Signal == signal));
        return
            ticks.LastOrDefault() is { } last
            && last.Samples.All(s => s.Signal != signal || s.Value is null)
            && ticks.LastOrDefault(t => t.Samples.Any(s => s.Signal == signal && s.Value is not null)) is { } seen
            ? now - seen.At
            : null;
    }

    private Row Signal(ReportSignal signal, IReadOnlyList<Judged> judged, WatchedSignal? known, TimeSpan? unseen)
    {
        var summary = signal.Watch.Samples > 0 ? signal.Watch : signal.Baseline;
        var unit = known?.Unit ?? signal.Unit;
        var worst = judged.Count > 0 ? words.Of(judged.MaxBy(j => Badness(j.State))!.State) : null;
        IEnumerable<string> parts =
        [
            words.Value(summary.Last, unit).PadLeft(ValueWidth),
            Sparkline.Of(signal.Columns, SparklineWidth),
            unseen is { } age ? words.Say("cli.watch.asked", ("age", Seconds(age))) : "",
            .. judged.Where(j => !j.Rule.RollsBack).Select(MustHold),
            Base(known?.Baseline, unit),
            known?.Delay is { } delay ? words.Say("cli.watch.delay", ("delay", delay)) : "",
            summary.Last is null ? words.Say(summary.Trouble) : "",
        ];
        return new Row(
            worst?.Mark ?? "",
            signal.Signal,
            string.Join("  ", parts.Where(p => p.Length > 0)),
            worst?.Tone ?? Tone.Plain
        );
    }

    private string MustHold(Judged judged)
    {
        var text = words.Say(judged.Rule.Words);
        return judged.State is VerdictState.Healthy ? text : $"{text} ({words.Of(judged.State).Word})";
    }

    private string Base(Baseline? baseline, SignalUnit unit) =>
        baseline is null ? ""
        : baseline.Spread <= Math.Abs(baseline.Mean) * NoSpread
            ? words.Say("cli.watch.base", ("value", Quantity.Text(baseline.Mean, unit)))
        : words.Say(
            "cli.watch.base-spread",
            ("value", Quantity.Text(baseline.Mean, unit)),
            ("spread", Quantity.Text(baseline.Spread, unit))
        );

    /// <summary>A signal that is only fine or broken: what was found, and how long ago it was asked.</summary>
    private Row Fault(string signal, IReadOnlyList<Judged> judged, RunState state, DateTimeOffset now)
    {
        var worst = judged.MaxBy(j => Badness(j.State))!;
        var word = words.Of(worst.State);
        var asked = state.Ticks.LastOrDefault(t => t.Samples.Any(s => s.Signal == signal))?.At;
        IEnumerable<string> parts =
        [
            worst.State is VerdictState.Healthy ? word.Word : words.Say(worst.Verdict?.Reason),
            asked is { } at ? words.Say("cli.watch.asked", ("age", Seconds(now - at + Least))) : "",
            .. judged.Where(j => j.Rule.RollsBack).Select(j => words.Say(j.Rule.Words)),
        ];
        return new Row(word.Mark, signal, string.Join("  ", parts.Where(p => p.Length > 0)), word.Tone);
    }

    private string Near(Verdict? verdict) =>
        verdict switch
        {
            null => "",
            { State: VerdictState.Healthy, Past: { Count: > 0 } past } => ": "
                + words.Say("cli.watch.past", ("past", past.Count), ("of", past.Of)),
            { State: VerdictState.Healthy } => "",
            _ => $": {words.Of(verdict.State).Word}, {words.Say(verdict.Reason)}",
        };

    private Tone ToneOf(Judged judged) =>
        judged.State is VerdictState.Healthy ? Tone.Plain : words.Of(judged.State).Tone;

    private static int Badness(VerdictState state) =>
        state switch
        {
            VerdictState.Healthy => 0,
            VerdictState.Unknown => 1,
            VerdictState.Breached => 2,
        };

    internal static TimeSpan Seconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Floor(time.TotalSeconds));
}

/// <summary>A rule and what it said last; no verdict where it has not been judged yet.</summary>
internal sealed record Judged(WatchedRule Rule, Verdict? Verdict)
{
    public VerdictState State => Verdict?.State ?? VerdictState.Unknown;

    public bool IsOnlyOf(string signal) => Rule.Signals is [var only] && only == signal;

    /// <summary>By the rules of the watch; in a journal from when they were not written down, by the texts of its criteria.</summary>
    public static IReadOnlyList<Judged> All(RunState state)
    {
        var verdicts = state.Ticks.LastOrDefault(t => t.Verdicts.Count > 0)?.Verdicts ?? [];
        return state.Rules is { } rules
            ? [.. rules.Rules.Select(r => new Judged(r, verdicts.FirstOrDefault(v => v.Criterion == r.Criterion)))]
            : [.. verdicts.Select(v => new Judged(Old(v.Criterion), v))];
    }

    private static WatchedRule Old(string criterion) =>
        new(
            criterion,
            RollsBack: true,
            [criterion.Split(' ')[0]],
            Texts.Message.Of("cli.watch.criterion", ("criterion", criterion))
        );
}
