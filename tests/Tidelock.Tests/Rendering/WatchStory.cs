using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Rendering;

/// <summary>A run under watch as the product makes it: its rules, its ticks and what they say are judged by the product's own code.</summary>
internal sealed class WatchStory
{
    public static readonly DateTimeOffset Zero = RunStory.Zero;
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<string, SignalUnit> Units = new(StringComparer.Ordinal)
    {
        ["error_rate"] = SignalUnit.Ratio,
        ["p95"] = SignalUnit.Seconds,
        ["connections"] = SignalUnit.Number,
    };

    private readonly WatchOptions options = new(
        TimeSpan.FromMinutes(30),
        Every,
        TimeSpan.FromMinutes(2),
        TimeSpan.FromMinutes(1),
        [.. Units.Select(u => new Read(u.Key, u.Value))],
        [.. new[] { "error_rate < 0.1%", "connections within 20% of baseline" }.Select(Parse)],
        [.. new[] { "error_rate > 1% for 5m", "p95 > 2x baseline for 10m" }.Select(Parse)]
    );

    private readonly List<RunEvent> events = [];
    private readonly WatchRecord record;

    public WatchStory()
    {
        var story = new RunStory().Started();
        events.AddRange(story.Entries.Select(RunEvents.Parse));
        State = RunState.Of(events);
        foreach (var step in new[] { "prerequisites", "backup", "baseline" })
        {
            Add(-125, new StepStarted(step, 1));
            Add(-125, new StepEnded(step, StepResult.Passed, Message.Of("test.passed")));
        }

        var baseline = Enumerable
            .Range(0, 12)
            .Select(i => Samples(-120 + (5 * i), 0.0002, 0.210 + (0.002 * (i % 3)), 48))
            .ToList();
        foreach (var (samples, i) in baseline.Select((s, i) => (s, i)))
        {
            Add(-120 + (5 * i), new WatchTicked(true, samples, []));
        }

        Add(0, new StepStarted("migrate", 1));
        Add(1, new MigrationApplied("7733", Message.Of("test.applied")));
        Add(2, new StepEnded("migrate", StepResult.Passed, Message.Of("test.passed")));
        foreach (var step in new[] { "verify", "smoke", "application" })
        {
            Add(3, new StepStarted(step, 1));
            Add(3, new StepEnded(step, StepResult.Passed, Message.Of("test.passed")));
        }

        Add(10, new StepStarted("watch", 1));
        record = new WatchRecord(options, baseline.SelectMany(s => s), Zero.AddSeconds(10));
        var rules = WatchedRules.Of(record);
        Add(
            10,
            new FactRecorded(
                "watch",
                RunState.RulesFact,
                System.Text.Json.JsonSerializer.SerializeToElement(rules, RunJson.Readable.WatchedRules)
            )
        );
    }

    public RunState State { get; private set; }

    public IReadOnlyList<RunEvent> Events => events;

    public DateTimeOffset Now => events[^1].At;

    /// <summary>A tick every five seconds up to a time; p95 of null cannot be read.</summary>
    public WatchStory Watch(double to, double errorRate = 0.0002, double? p95 = 0.231, double connections = 48)
    {
        for (var at = (Now - Zero).TotalSeconds + 5; at <= to; at += 5)
        {
            var samples = Samples(at, errorRate, p95, connections);
            record.Add(samples);
            var verdicts = WatchJudge.Judge(record.At(Zero.AddSeconds(at)), State.ExtendedBy).Verdicts;
            Add(at, new WatchTicked(false, samples, verdicts));
        }

        return this;
    }

    /// <summary>What the judge holds the run for now.</summary>
    public WatchStory Hold()
    {
        var hold = (HoldWatch)WatchJudge.Judge(record.At(Now), State.ExtendedBy).Decision;
        return Then(new RunHeld(hold.Reason, null));
    }

    public WatchStory Then(RunEvent e) => Add((Now - Zero).TotalSeconds, e);

    private WatchStory Add(double at, RunEvent e)
    {
        events.Add(e with { At = Zero.AddSeconds(at) });
        State = events[^1].Apply(State);
        return this;
    }

    private static IReadOnlyList<Sample> Samples(double at, double errorRate, double? p95, double connections) =>
        [
            Sample.Of("error_rate", Zero.AddSeconds(at), errorRate),
            p95 is { } value
                ? Sample.Of("p95", Zero.AddSeconds(at), value)
                : Sample.Error(
                    "p95",
                    Zero.AddSeconds(at),
                    Message.Of("probes.failed", ("reason", "connection refused"))
                ),
            Sample.Of("connections", Zero.AddSeconds(at), connections),
        ];

    private static Criterion Parse(string text) =>
        CriterionParser.TryParse(text, Units, out var criterion, out var problem, out _)
            ? criterion
            : throw new ArgumentException(problem.ToString(), nameof(text));

    private sealed record Read(string Signal, SignalUnit Unit) : ProbeOptions(Signal, Unit);
}
