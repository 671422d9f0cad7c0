using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>What is going on now: the timeline, the running step with what it waits for, the watch, the question.</summary>
internal sealed class LiveRegion(ReportWords words, Func<RunState, Message> keys)
{
    private const int BarCells = 16;

    private static readonly string[] Deployment =
    [
        "prerequisites",
        "backup",
        "baseline",
        Appointment.Step,
        "migrate",
        "verify",
        "smoke",
        "application",
        "watch",
        "complete",
    ];

    private readonly RunRows rows = new(words);
    private readonly WatchRows watching = new(words);
    private readonly HoldRows holding = new(words);

    public IEnumerable<Row> Rows(
        RunState state,
        IReadOnlyList<RunEvent> events,
        (string Step, Message Text)? progress,
        Message? question,
        IReadOnlyList<RunCommand> waiting,
        DateTimeOffset now
    )
    {
        yield return Row.Gap;
        if (state.Started is null)
        {
            yield return new Row("…", "", progress is { } before ? words.Say(before.Text) : "");
            yield break;
        }

        yield return Row.Of(Clock(Timeline.Of(state, now), now));
        foreach (var step in state.Steps.Where(s => s.Status is StepStatus.Running))
        {
            var row = rows.Step(step, now);
            yield return progress is { } p && p.Step == step.Name
                ? row with
                {
                    Text = $"{row.Text}  {words.Say(p.Text)}",
                }
                : row;
        }

        if (question is not null)
        {
            yield return new Row("?", "", words.Say(question), Tone.Warn);
        }

        foreach (var row in holding.Rows(state, waiting, now))
        {
            yield return row;
        }

        if (rows.AtStake(state) is { } atStake)
        {
            yield return atStake;
        }

        if (IsWatched(state) && ReportWatch.Of(events) is { } watch)
        {
            foreach (var row in Watch(state, watch, now))
            {
                yield return row;
            }
        }

        if (Ahead(state) is { Length: > 0 } ahead)
        {
            yield return new Row("", words.Say("cli.live.ahead"), ahead);
        }

        yield return Row.Of(words.Say(keys(state)));
    }

    /// <summary>In the watch; and before it while its signals are read already.</summary>
    private static bool IsWatched(RunState state) =>
        state.Step("watch").Status switch
        {
            StepStatus.Running => true,
            StepStatus.Pending => state is { InPlace: true, Rollback: null, Ticks.Count: > 0 },
            StepStatus.Passed or StepStatus.Failed => false,
        };

    private IEnumerable<Row> Watch(RunState state, ReportWatch watch, DateTimeOffset now) =>
        watching.Rows(state, watch, now).Prepend(Course(state, now));

    private Row Course(RunState state, DateTimeOffset now)
    {
        if (state.Step("watch").Status is StepStatus.Pending)
        {
            return new Row("", words.Say("cli.watch.label"), words.Say("cli.watch.before"));
        }

        var elapsed = WatchRows.Seconds(now - (state.Step("watch").StartedAt ?? now));
        var total = state.WatchFor ?? TimeSpan.Zero;
        var standing = watching.Standing(state);
        IEnumerable<string> parts =
        [
            words.Say("cli.watch.progress", ("elapsed", elapsed), ("total", total)),
            elapsed < total
                ? words.Say("cli.watch.left", ("left", total - elapsed))
                : words.Say("cli.watch.over", ("by", elapsed - total)),
            standing?.Word ?? "",
            watching.Nearest(state) ?? "",
        ];
        return new Row(
            standing?.Mark ?? "",
            words.Say("cli.watch.label"),
            string.Join("  ", parts.Where(p => p.Length > 0)),
            standing?.Tone ?? Tone.Plain
        );
    }

    /// <summary>Where the run is on its way from T-0 to T+60, and what is due next.</summary>
    private string Clock(Timeline timeline, DateTimeOffset now)
    {
        var end = timeline.Points[^1].Offset;
        var at = now - timeline.Zero;
        var share = Math.Clamp(at / end, 0, 1);
        var cells = (int)Math.Round(share * BarCells);
        var bar = new string('█', cells) + new string('░', BarCells - cells);
        var next = timeline.Points.FirstOrDefault(p => p.Standing is TimelineStanding.Due or TimelineStanding.Late);
        var due = next is null
            ? ""
            : "  "
                + words.Say(
                    next.Standing is TimelineStanding.Late ? "cli.live.late" : "cli.live.due",
                    ("point", next.Label),
                    ("what", words.Of(next.Mark)),
                    ("left", (next.Due - now).Duration())
                );
        return words.Say(
                at < TimeSpan.Zero ? "cli.live.clock-before" : "cli.live.clock",
                ("bar", bar),
                ("minutes", (int)at.Duration().TotalMinutes),
                ("total", (int)end.TotalMinutes)
            ) + due;
    }

    private static string Ahead(RunState state) =>
        state.Rollback is not null
            ? ""
            : string.Join(
                " · ",
                Deployment.Where(s =>
                    state.Step(s).Status is StepStatus.Pending
                    && (s != Appointment.Step || state.Appointment is not null)
                )
            );
}
