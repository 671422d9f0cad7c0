using Tidelock.Evidence;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Cli.Rendering;

/// <summary>What waits: the run and what ends that, bounds that want a second person, commands that no program has taken.</summary>
internal sealed class HoldRows(ReportWords words)
{
    private const string Under = " ";

    public IEnumerable<Row> Rows(RunState state, IReadOnlyList<RunCommand> waiting, DateTimeOffset now)
    {
        foreach (var row in state.Held is { } held ? Held(held, state, now) : [])
        {
            yield return row;
        }

        foreach (var bound in state.Bounds.Where(b => b.Standing is BoundStanding.Pending))
        {
            var text = words.Say(
                "cli.live.bound",
                ("criterion", bound.Criterion),
                ("old", bound.InsteadOf),
                ("by", bound.AskedBy),
                ("reason", bound.Reason),
                ("age", WatchRows.Seconds(now - bound.At)),
                ("id", bound.Wish[..Math.Min(8, bound.Wish.Length)])
            );
            yield return new Row("●", words.Of(DecisionKind.BoundChanged), text, Tone.Warn);
        }

        foreach (var command in waiting.Where(c => c.Verb is not RunVerb.Withdraw))
        {
            var text = words.Say(
                "cli.live.waiting",
                ("verb", command.Verb.ToString().ToLowerInvariant()),
                ("by", command.By),
                ("age", WatchRows.Seconds(now - command.SentAt)),
                ("id", command.Id[..Math.Min(8, command.Id.Length)])
            );
            yield return new Row("●", words.Of(DecisionKind.Command), text, Tone.Warn);
        }
    }

    private IEnumerable<Row> Held(RunHeld held, RunState state, DateTimeOffset now)
    {
        var seen = StillSeen(state);
        yield return new Row("‖", words.Of(DecisionKind.Held), words.Say(Still(held.Reason, seen)), Tone.Warn);
        var since = words.Say(
            "cli.live.held-since",
            ("at", words.Clock(held.At)),
            ("for", WatchRows.Seconds(now - held.At))
        );
        var until = held.Until is { } limit
            ? words.Say(
                state.InPlace ? "cli.live.held-until" : "cli.live.held-until-given-up",
                ("at", words.Clock(limit)),
                ("left", WatchRows.Seconds(limit > now ? limit - now : TimeSpan.Zero))
            )
            : "";
        yield return new Row("", Under, $"{since} {until}".TrimEnd(), Tone.Warn);
        if (seen.Count > 0)
        {
            yield return new Row("", Under, words.Say("cli.live.still-watching", ("signals", string.Join(", ", seen))));
        }
    }

    /// <summary>Of several signals that could not be seen only those that still cannot.</summary>
    private static Message Still(Message reason, IReadOnlyList<string> seen)
    {
        if (reason is not { Code: HoldWatch.Several, Parts: { } parts })
        {
            return reason;
        }

        var unseen = reason.Arguments["signals"].Split(", ").Except(seen).ToList();
        return unseen.Count == 0
            ? parts["reason"]
            : Message.Of(reason.Code, ("reason", parts["reason"]), ("signals", string.Join(", ", unseen)));
    }

    /// <summary>The signals whose newest sample has a value.</summary>
    private static List<string> StillSeen(RunState state) =>
        [
            .. state
                .Ticks.TakeLast(20)
                .SelectMany(t => t.Samples)
                .GroupBy(s => s.Signal, StringComparer.Ordinal)
                .Where(g => g.Last().Outcome is SampleOutcome.Value)
                .Select(g => g.Key),
        ];
}
