using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Cli.Rendering;

/// <summary>A run's parts as rows; the same on a live screen, in <c>status</c> and after the end.</summary>
internal sealed class RunRows(ReportWords words)
{
    private const int SparklineWidth = 12;

    public Row Header(RunStarted started, RunId run) =>
        Row.Of(
            words.Say(
                "cli.run.header",
                ("change", started.Change),
                ("environment", started.TargetEnvironment),
                ("target", started.Target),
                ("run", run)
            )
        );

    public Row Gate(string gate, string level, MarkedWord standing, Message finding)
    {
        var row = new Row(standing.Mark, gate, words.Say(finding), standing.Tone);
        return level == "recommended" && standing.Tone is Tone.Bad && standing == words.Of(GateStanding.NotPassed)
            ? row with
            {
                Mark = "!",
                Tone = Tone.Warn,
                Text = $"{words.Level(level)}: {row.Text}",
            }
            : row;
    }

    public Row Step(StepState step, DateTimeOffset now)
    {
        var word = step.Status is StepStatus.Running ? new MarkedWord(Tone.Plain, "▶", "") : words.Of(step.Result);
        var took = (step.EndedAt ?? now) - step.StartedAt;
        return new Row(word.Mark, step.Name, $"{words.Span(took)}  {words.Say(step.Finding)}".TrimEnd(), word.Tone);
    }

    public Row Outcome(ReportOutcome outcome)
    {
        var word = words.Of(outcome.Standing);
        var place = words.Say(outcome.InPlace ? "evidence.in-place" : "evidence.not-in-place");
        return new Row(word.Mark, word.Word, $"{words.Say(outcome.Finding)} {place}".Trim(), word.Tone);
    }

    public IEnumerable<Row> Timeline(Evidence.Timeline timeline) =>
        timeline.Points.Select(p =>
        {
            var word = words.Of(p.Standing);
            return new Row(word.Mark, p.Label, $"{words.Of(p.Mark)}: {word.Word}", word.Tone);
        });

    /// <summary>Every signal beside its bounds, then the criteria that belong to no signal.</summary>
    public IEnumerable<Row> Watch(ReportWatch watch)
    {
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var signal in watch.Signals)
        {
            var criteria = watch.Criteria.Where(c => IsOf(c, signal.Signal)).ToList();
            if (criteria.Count == 0 || criteria.Any(c => IsBound(c, signal.Signal)))
            {
                shown.UnionWith(criteria.Select(c => c.Criterion));
                yield return Signal(signal, criteria);
            }
        }

        foreach (var criterion in watch.Criteria.Where(c => !shown.Contains(c.Criterion)))
        {
            var word = words.Of(criterion.Last);
            yield return new Row(word.Mark, criterion.Criterion, words.Say(criterion.LastReason), word.Tone);
        }
    }

    private Row Signal(ReportSignal signal, IReadOnlyList<ReportCriterion> criteria)
    {
        var summary = signal.Watch.Samples > 0 ? signal.Watch : signal.Baseline;
        var worst = criteria.Count > 0 ? words.Of(Worst(criteria)) : new MarkedWord(Tone.Plain, "", "");
        IEnumerable<string> parts =
        [
            words.Value(summary.Last, signal.Unit).PadLeft(8),
            Sparkline.Of(signal.Columns, SparklineWidth),
            .. criteria.Select(c => Bound(c, signal.Signal)),
            signal.Baseline.Mean is { } mean
                ? words.Say("cli.watch.base", ("value", words.Value(mean, signal.Unit)))
                : "",
            summary.Last is null ? words.Say(summary.Trouble) : "",
        ];
        return new Row(worst.Mark, signal.Signal, string.Join("  ", parts.Where(p => p.Length > 0)), worst.Tone);
    }

    private string Bound(ReportCriterion criterion, string signal)
    {
        var text = criterion.Criterion[(signal.Length + 1)..];
        return criterion.Last is VerdictState.Healthy ? text : $"{text} ({words.Of(criterion.Last).Word})";
    }

    private static VerdictState Worst(IReadOnlyList<ReportCriterion> criteria) =>
        criteria.Any(c => c.Last is VerdictState.Breached) ? VerdictState.Breached
        : criteria.Any(c => c.Last is VerdictState.Unknown) ? VerdictState.Unknown
        : VerdictState.Healthy;

    /// <summary>Whether it puts a number beside the signal; <c>contract broken</c> does not.</summary>
    private static bool IsBound(ReportCriterion criterion, string signal) =>
        criterion.Criterion[(signal.Length + 1)..]
            is ['<' or '>' or '=', ..]
                or ['w', 'i', 't', 'h', 'i', 'n', ' ', ..];

    private static bool IsOf(ReportCriterion criterion, string signal) =>
        criterion.Criterion.StartsWith(signal + " ", StringComparison.Ordinal);
}
