using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>A watch of 30 minutes at a 5 s tick with samples made by a function of the time since its start.</summary>
internal sealed class Watched
{
    public static readonly DateTimeOffset Start = new(2026, 5, 4, 3, 0, 0, TimeSpan.Zero);
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<string, SignalUnit> Units = new(StringComparer.Ordinal)
    {
        ["error_rate"] = SignalUnit.Ratio,
        ["p95"] = SignalUnit.Seconds,
        ["connections"] = SignalUnit.Number,
        ["view_queries"] = SignalUnit.PerSecond,
    };

    private readonly List<Sample> baseline = [];
    private readonly List<Sample> samples = [];
    private readonly WatchOptions options;

    public Watched(string[]? rollBackWhen = null, string[]? healthy = null, TimeSpan? @for = null) =>
        options = new WatchOptions(
            @for ?? TimeSpan.FromMinutes(30),
            Every,
            TimeSpan.FromMinutes(2),
            TimeSpan.FromMinutes(1),
            [],
            [.. (healthy ?? []).Select(Parse)],
            [.. (rollBackWhen ?? []).Select(Parse)]
        );

    public IReadOnlyList<Sample> Samples => samples;

    public static Criterion Parse(string text) =>
        CriterionParser.TryParse(text, Units, out var criterion, out var problem, out _)
            ? criterion
            : throw new ArgumentException(problem.ToString(), nameof(text));

    public static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);

    public Watched Baseline(string signal, params double[] values)
    {
        baseline.AddRange(values.Select((v, i) => Sample.Of(signal, Start.AddSeconds((5 * i) - 300), v)));
        return this;
    }

    /// <summary>One sample a tick after <paramref name="from"/> up to <paramref name="to"/>, in seconds; null for a tick that was missed.</summary>
    public Watched Tick(string signal, double from, double to, Func<double, double?> value)
    {
        for (var t = from + 5; t <= to; t += 5)
        {
            if (value(t) is { } v)
            {
                samples.Add(Sample.Of(signal, At(t), v));
            }
        }

        return this;
    }

    public Watched Value(string signal, double from, double to, double value) => Tick(signal, from, to, _ => value);

    public Watched Errors(string signal, double from, double to) =>
        Add(from, to, t => Sample.Error(signal, t, Texts.Message.Of("probes.not-a-number")));

    public Watched NoData(string signal, double from, double to) =>
        Add(from, to, t => Sample.NoData(signal, t, Texts.Message.Of("probes.not-a-number")));

    public Watched Add(params Sample[] more)
    {
        samples.AddRange(more);
        return this;
    }

    public WatchOptions Options => options;

    public IReadOnlyList<Sample> BaselineSamples => baseline;

    /// <summary>What a watch knows then: later samples have not been read yet.</summary>
    public WatchEvidence Evidence(double now) =>
        new(options, samples.Where(s => s.At <= At(now)), baseline, Start, At(now));

    public WatchJudgement Judge(double now, TimeSpan extendedBy = default) =>
        WatchJudge.Judge(Evidence(now), extendedBy);

    /// <summary>The state of the only criterion.</summary>
    public VerdictState State(double now) => Assert.Single(Judge(now).Verdicts).State;

    /// <summary>The first tick at which the watch decides for a rollback; null for never.</summary>
    public double? RollsBackAt(double until = 1800)
    {
        for (double t = 0; t <= until; t += 5)
        {
            if (Judge(t).Decision is RollBack)
            {
                return t;
            }
        }

        return null;
    }

    private Watched Add(double from, double to, Func<DateTimeOffset, Sample> make)
    {
        for (var t = from + 5; t <= to; t += 5)
        {
            samples.Add(make(At(t)));
        }

        return this;
    }
}
