using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Bench.Watch;

/// <summary>A watch of half an hour at a tick of 5 s over so many signals, with a criterion for each and values from a seed.</summary>
internal sealed class FakeWatch
{
    private readonly string[] signals;
    private readonly Random random;

    public FakeWatch(int count, int seed)
    {
        random = new Random(seed);
        signals = [.. Enumerable.Range(1, count).Select(i => $"signal{i}")];
        var units = signals.ToDictionary(s => s, _ => SignalUnit.Ratio, StringComparer.Ordinal);
        Options = new WatchOptions(
            TimeSpan.FromMinutes(30),
            TimeSpan.FromSeconds(5),
            TimeSpan.FromMinutes(2),
            TimeSpan.FromMinutes(1),
            [],
            [],
            [
                .. signals.Select(
                    (s, i) => Criterion(i % 3 == 0 ? $"{s} > 2x baseline for 10m" : $"{s} > 1% for 5m", units)
                ),
            ]
        );
    }

    public static DateTimeOffset Start { get; } = new(2026, 5, 4, 3, 0, 0, TimeSpan.Zero);

    public WatchOptions Options { get; }

    public static DateTimeOffset At(int tick) => Start.AddSeconds(5 * tick);

    public IReadOnlyList<Sample> Baseline() => [.. Enumerable.Range(-20, 12).SelectMany(Tick)];

    /// <summary>What the signals say in one tick: calm, with a hole now and then.</summary>
    public IReadOnlyList<Sample> Tick(int tick) =>
        [
            .. signals.Select(s =>
                random.Next(100) == 0
                    ? Sample.Error(s, At(tick), Texts.Message.Of("probes.not-a-number"))
                    : Sample.Of(s, At(tick), 0.004 * random.NextDouble())
            ),
        ];

    private static Criterion Criterion(string text, IReadOnlyDictionary<string, SignalUnit> units) =>
        CriterionParser.TryParse(text, units, out var criterion, out var problem, out _)
            ? criterion
            : throw new InvalidOperationException(problem.ToString());
}
