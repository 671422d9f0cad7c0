using Tidelock.Evidence;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Cli.Rendering;

/// <summary>A tick of the watch in one row: how far, the values, and what does not hold.</summary>
internal sealed class WatchLine(ReportWords words)
{
    public Row Of(WatchTicked tick, RunState state)
    {
        var units = state.Rules is { } rules
            ? rules.Signals.ToDictionary(s => s.Signal, s => s.Unit, StringComparer.Ordinal)
            : (ReportWatch.Of([.. state.BaselineTicks, .. state.Ticks])?.Signals ?? []).ToDictionary(
                s => s.Signal,
                s => s.Unit,
                StringComparer.Ordinal
            );
        var values = tick.Samples.Select(s => $"{s.Signal} {Value(s, units.GetValueOrDefault(s.Signal))}");
        var trouble = tick.Verdicts.Where(v => v.State is not VerdictState.Healthy).ToList();
        var worst =
            trouble.Any(v => v.State is VerdictState.Breached) ? VerdictState.Breached
            : trouble.Count > 0 ? VerdictState.Unknown
            : VerdictState.Healthy;
        var word = words.Of(worst);
        var reasons = trouble.Select(v => $"{words.Of(v.State).Word}: {words.Say(v.Reason)}");
        return new Row(
            tick.Verdicts.Count > 0 ? word.Mark : "·",
            words.Say("cli.watch.label"),
            string.Join("  ", [Progress(tick, state), .. values, .. reasons.Distinct(StringComparer.Ordinal)]).Trim(),
            tick.Verdicts.Count > 0 ? word.Tone : Tone.Plain
        );
    }

    private string Progress(WatchTicked tick, RunState state) =>
        state.WatchFor is not { } total || state.Step("watch").StartedAt is not { } from
            ? ""
            : words.Say("cli.watch.progress", ("elapsed", tick.At - from), ("total", total));

    private string Value(Sample sample, SignalUnit unit) =>
        sample.Value is { } value ? words.Value(value, unit) : words.Say(sample.Detail);
}
