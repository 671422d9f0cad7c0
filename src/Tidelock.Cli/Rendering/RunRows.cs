using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>A run's parts as rows; the same on a live screen, in <c>status</c> and after the end.</summary>
internal sealed class RunRows(ReportWords words)
{
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

    /// <summary>What a restore would lose by now; null while that is nothing.</summary>
    public Row? AtStake(RunState state) =>
        state.Rollback is null && PointOfNoReturn.Of(state) is { } lost ? AtStake(lost) : null;

    public Row AtStake(PointOfNoReturn lost) =>
        new("!", words.Say("cli.live.at-stake"), words.Say(lost.Finding), lost.Rows == 0 ? Tone.Plain : Tone.Warn);

    /// <summary>Channels over which something did not get through yet.</summary>
    public IEnumerable<Row> Notices(RunState state) =>
        state.Notices.Values.Where(n => n.Problem is not null).Select(n => Notice(n.Channel, n.Problem!));

    public Row Notice(string channel, Message problem) =>
        new(
            "!",
            words.Say("cli.event.notice"),
            words.Say("cli.notice-failed", ("channel", channel), ("problem", problem)),
            Tone.Warn
        );

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
            var at = p.DoneAt ?? (p.Standing is TimelineStanding.Due or TimelineStanding.Late ? p.Due : null);
            var clock = at is { } known ? $"  {words.Clock(known)}Z" : "";
            return new Row(word.Mark, p.Label, $"{words.Of(p.Mark)}: {word.Word}{clock}", word.Tone);
        });
}
