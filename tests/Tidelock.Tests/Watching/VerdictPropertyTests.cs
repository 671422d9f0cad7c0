using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>What must hold for any samples: 200 random watches, always the same ones.</summary>
public sealed class VerdictPropertyTests
{
    private const int Watches = 200;

    private static readonly string[] Criteria =
    [
        "error_rate > 1% for 5m",
        "error_rate > 5% or p95 > 2x baseline for 3m",
        "p95 > 2x baseline for 10m",
        "p95 > 300ms and error_rate > 0.5% for 4m",
        "error_rate >= 2%",
    ];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, Watches)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Order_and_copies_never_change_a_judgement(int seed)
    {
        var random = new Random(seed);
        var samples = Samples(random, 900);
        var criteria = Pick(random);
        var expected = Judge(criteria, samples, 900);
        var shuffled = samples.Concat(samples.Where(_ => random.Next(3) == 0)).ToArray();
        random.Shuffle(shuffled);
        Same(expected, Judge(criteria, shuffled, 900));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Samples_that_come_late_or_split_over_a_restart_give_the_same_judgement_in_the_end(int seed)
    {
        var random = new Random(seed);
        var samples = Samples(random, 900);
        var criteria = Pick(random);
        var late = samples.Where(_ => random.Next(4) == 0).ToList();
        var inTime = samples.Except(late).ToList();
        _ = Judge(criteria, inTime, 880);
        Same(Judge(criteria, samples, 900), Judge(criteria, inTime.Concat(late), 900));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Healthy_samples_added_to_a_window_that_was_seen_never_make_a_breach(int seed)
    {
        var random = new Random(seed);
        var samples = Samples(random, 900).Where(s => s.Outcome is SampleOutcome.Value).ToList();
        var watch = new Watched([Criteria[0]]).Add([.. samples]);
        if (watch.State(900) is not VerdictState.Healthy)
        {
            return;
        }

        for (var i = 0; i < 30; i++)
        {
            var at = Watched.At(Math.Round(random.NextDouble() * 900, 3));
            watch.Add(Sample.Of("error_rate", at, random.NextDouble() * 0.0099));
        }

        Assert.NotEqual(VerdictState.Breached, watch.State(900));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Probes_that_only_fail_never_roll_back_and_never_end_the_watch(int seed)
    {
        var random = new Random(seed);
        var why = Message.Of("probes.not-a-number");
        var watch = new Watched(Pick(random)).Baseline("p95", 0.1, 0.1, 0.1);
        for (var t = 0; t <= 1900; t += 5)
        {
            watch.Add(
                random.Next(2) == 0
                    ? Sample.Error("error_rate", Watched.At(t), why)
                    : Sample.NoData("error_rate", Watched.At(t), why),
                Sample.Error("p95", Watched.At(t), why)
            );
        }

        var now = random.Next(0, 380) * 5;
        Assert.False(watch.Judge(now).Decision is RollBack or WatchDone);
        Assert.All(watch.Judge(now).Verdicts, v => Assert.Equal(VerdictState.Unknown, v.State));
    }

    private static string[] Pick(Random random) => [.. Criteria.Where(_ => random.Next(2) == 0), Criteria[0]];

    /// <summary>Calm and bad stretches, ticks a little off, some missed, some failed.</summary>
    private static List<Sample> Samples(Random random, double until)
    {
        var samples = new List<Sample>();
        var level = 1.0;
        for (double t = 5; t <= until; t += 5)
        {
            level = random.Next(20) == 0 ? Math.Pow(10, random.NextDouble() * 2) : level;
            var at = Watched.At(Math.Min(until, t + Math.Round(random.NextDouble(), 3)));
            samples.Add(One("error_rate", at, 0.002 * level * random.NextDouble(), random));
            samples.Add(One("p95", at, 0.1 * level * random.NextDouble(), random));
        }

        return samples;
    }

    private static Sample One(string signal, DateTimeOffset at, double value, Random random) =>
        random.Next(15) switch
        {
            0 => Sample.NoData(signal, at, Message.Of("probes.not-a-number")),
            1 => Sample.Error(signal, at, Message.Of("probes.not-a-number")),
            _ => Sample.Of(signal, at, value),
        };

    private static WatchJudgement Judge(string[] criteria, IEnumerable<Sample> samples, double now) =>
        new Watched(criteria).Baseline("p95", 0.1, 0.11, 0.12).Add([.. samples]).Judge(now);

    private static void Same(WatchJudgement expected, WatchJudgement actual)
    {
        Assert.Equal(expected.Decision, actual.Decision);
        Assert.Equal(expected.Verdicts, actual.Verdicts);
    }
}
