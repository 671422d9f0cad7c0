using Tidelock.Evidence;
using Tidelock.Runs;

namespace Tidelock.Cli.Rendering;

/// <summary>Where a run stands, on one screen: the most important first.</summary>
internal sealed class RunScreen(ReportWords words)
{
    private IEnumerable<Row> Watch(RunState state, ReportWatch watch, DateTimeOffset now) =>
        new WatchRows(words).Rows(state, watch, now).Prepend(Row.Gap);

    public IEnumerable<Row> Rows(RunReport report, IReadOnlyList<JournalEntry> entries, DateTimeOffset now)
    {
        var state = RunState.Of(entries.Select(RunEvents.Parse));
        var rows = new RunRows(words);
        if (state.Started is { } started)
        {
            yield return rows.Header(started, new RunId(report.Run));
        }

        if (state.Appointment is { } planned)
        {
            yield return Row.Of(words.Say("cli.run.planned", ("at", planned.Shown)));
        }

        yield return rows.Outcome(report.Outcome);
        yield return Row.Gap;
        foreach (var gate in report.Gates)
        {
            yield return rows.Gate(gate.Gate, gate.Level, words.Of(gate.Standing), gate.Finding);
        }

        yield return Row.Gap;
        foreach (var step in state.Steps)
        {
            yield return rows.Step(step, now);
        }

        if (rows.AtStake(state) is { } atStake)
        {
            yield return Row.Gap;
            yield return atStake;
        }

        foreach (var row in rows.Notices(state))
        {
            yield return row;
        }

        foreach (var row in report.Watch is { } watch ? Watch(state, watch, now) : [])
        {
            yield return row;
        }

        yield return Row.Gap;
        foreach (var point in rows.Timeline(report.Timeline))
        {
            yield return point;
        }
    }
}
