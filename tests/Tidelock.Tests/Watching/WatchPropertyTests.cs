using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>What must hold for any samples.</summary>
[Properties(MaxTest = 100, QuietOnSuccess = true)]
public sealed class WatchPropertyTests
{
    private const double Ends = 900;

    private static readonly WatchOptions All = new Watched(
        [
            "error_rate > 1% for 5m",
            "error_rate > 5% or p95 > 2x baseline for 3m",
            "p95 > 2x baseline for 5m gross 4x baseline",
            "p95 > 300ms and error_rate > 0.5% for 4m",
            "error_rate >= 2%",
        ],
        ["p95 within 50% of baseline", "error_rate < 0.5%"]
    ).Options;

    private static readonly WatchOptions One = new Watched(["error_rate > 1% for 5m"]).Options;

    [Property]
    public Property Order_and_copies_never_change_a_judgement() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var shuffled = watch.Samples.Concat(watch.Samples.Where((_, i) => i % 3 == 0)).ToArray();
                new Random(watch.Seed).Shuffle(shuffled);
                Same(Judge(watch.Samples, Ends), Judge(shuffled, Ends));
            }
        );

    [Property]
    public Property However_samples_are_split_over_ticks_and_however_late_they_come_the_judgement_is_the_same_in_the_end() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var random = new Random(watch.Seed);
                var late = watch.Samples.Where(_ => random.Next(4) == 0).ToList();
                var record = Record();
                foreach (var batch in watch.Samples.Except(late).Chunk(1 + random.Next(20)))
                {
                    record.Add(batch);
                    _ = WatchJudge.Judge(record.At(batch.Max(s => s.At)), TimeSpan.Zero);
                }

                record.Add(late);
                Same(Judge(watch.Samples, Ends), WatchJudge.Judge(record.At(Watched.At(Ends)), TimeSpan.Zero));
            }
        );

    [Property(MaxTest = 10)]
    public Property Judging_tick_by_tick_is_judging_the_journal_anew_each_time() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var record = Record();
                for (var t = 5.0; t <= Ends; t += 5)
                {
                    record.Add(watch.Samples.Where(s => s.At > Watched.At(t - 5) && s.At <= Watched.At(t)));
                    Same(
                        Judge(watch.Samples.Where(s => s.At <= Watched.At(t)), t),
                        WatchJudge.Judge(record.At(Watched.At(t)), TimeSpan.Zero)
                    );
                }
            }
        );

    [Property]
    public Property A_sample_of_many_requests_is_as_good_as_two_of_half_of_them() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var weighted = Apart(watch.Samples).Select(s => s with { Weight = 100 }).ToList();
                var halved = weighted.SelectMany(s =>
                    s.Outcome is SampleOutcome.Value
                        ? [s with { At = s.At.AddTicks(-1), Weight = 50 }, s with { Weight = 50 }]
                        : new[] { s }
                );
                Assert.Equal(States(weighted), States(halved));
            }
        );

    /// <summary>Where nothing is missing: a hole that is filled may show a breach that was there.</summary>
    [Property]
    public Property Values_inside_the_bound_never_make_a_breach() =>
        Prop.ForAll(
            Watches(mostMissing: 0),
            watch =>
            {
                var random = new Random(watch.Seed);
                var now = 300 + (random.Next(120) * 5);
                var seen = watch.Samples.Where(s => s.Signal is "error_rate" && s.At <= Watched.At(now)).ToList();
                var inside = Enumerable
                    .Range(0, 30)
                    .Select(_ => Watched.At(Math.Round(random.NextDouble() * now, 3)))
                    .Select(at => Sample.Of("error_rate", at, random.NextDouble() * 0.01));
                Assert.False(
                    Only(seen, now) is not VerdictState.Breached
                        && Only([.. seen, .. inside], now) is VerdictState.Breached
                );
            }
        );

    [Property]
    public Property Values_inside_the_bound_alone_are_never_a_breach() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var inside = watch.Samples.Select(s => s.Value > 0.01 ? s with { Value = 0.01 } : s).ToList();
                for (var t = 5.0; t <= Ends; t += 60)
                {
                    Assert.NotEqual(VerdictState.Breached, Only(inside, t));
                }
            }
        );

    [Property]
    public Property Probes_that_only_fail_never_roll_back_and_never_end_the_watch() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var why = Message.Of("probes.not-a-number");
                var record = Record();
                record.Add(
                    watch.Samples.Select(
                        (s, i) => i % 3 == 0 ? Sample.NoData(s.Signal, s.At, why) : Sample.Error(s.Signal, s.At, why)
                    )
                );
                for (var t = 0.0; t <= 2400; t += 120)
                {
                    var judgement = WatchJudge.Judge(record.At(Watched.At(Math.Max(t, Ends))), TimeSpan.Zero);
                    Assert.False(judgement.Decision is RollBack or WatchDone);
                    Assert.All(judgement.Verdicts, v => Assert.Equal(VerdictState.Unknown, v.State));
                }
            }
        );

    /// <summary>What fails after it was seen adds nothing: no verdict becomes a breach by it.</summary>
    [Property]
    public Property A_probe_that_begins_to_fail_turns_nothing_into_a_breach() =>
        Prop.ForAll(
            Watches(),
            watch =>
            {
                var record = new WatchRecord(One, Baseline, Watched.Start);
                VerdictState At(double now) =>
                    WatchJudge.Judge(record.At(Watched.At(now)), TimeSpan.Zero).RollBackWhen[0].State;

                record.Add(watch.Samples.Where(s => s.At <= Watched.At(450)));
                var before = At(450);
                for (var t = 455.0; before is not VerdictState.Breached && t <= Ends; t += 5)
                {
                    record.Add([Sample.Error("error_rate", Watched.At(t), Message.Of("probes.not-a-number"))]);
                    Assert.NotEqual(VerdictState.Breached, At(t));
                }
            }
        );

    /// <summary>Calm and bad stretches; ticks a little off; some missed, some failed.</summary>
    private static Arbitrary<RandomWatch> Watches(int mostMissing = 15) =>
        Gen.Choose(0, int.MaxValue - 1)
            .SelectMany(seed => Gen.Choose(0, mostMissing).Select(missing => RandomWatch.Of(seed, missing, Ends)))
            .ToArbitrary();

    /// <summary>
    /// Never a whole second apart, so that no window begins between the halves of a sample and no share of it is exactly a third: there a
    /// tenth of a microsecond would decide.
    /// </summary>
    private static IEnumerable<Sample> Apart(IEnumerable<Sample> samples) =>
        samples
            .GroupBy(s => s.At)
            .OrderBy(g => g.Key)
            .SelectMany((g, i) => g.Select(s => s with { At = Watched.At(((i + 1) * 4.9) + (i * 0.0001)) }));

    private static WatchRecord Record() => new(All, Baseline, Watched.Start);

    private static IEnumerable<Sample> Baseline =>
        Enumerable.Range(1, 5).Select(i => Sample.Of("p95", Watched.At((-5 * i) - 60), 0.1 + (i * 0.001)));

    private static WatchJudgement Judge(IEnumerable<Sample> samples, double now)
    {
        var record = Record();
        record.Add(samples);
        return WatchJudge.Judge(record.At(Watched.At(now)), TimeSpan.Zero);
    }

    private static IEnumerable<VerdictState> States(IEnumerable<Sample> samples) =>
        Judge(samples, Ends).Verdicts.Select(v => v.State);

    private static VerdictState Only(IEnumerable<Sample> samples, double now)
    {
        var record = new WatchRecord(One, Baseline, Watched.Start);
        record.Add(samples.Where(s => s.At <= Watched.At(now)));
        return WatchJudge.Judge(record.At(Watched.At(now)), TimeSpan.Zero).RollBackWhen[0].State;
    }

    private static void Same(WatchJudgement expected, WatchJudgement actual)
    {
        Assert.Equal(expected.Decision, actual.Decision);
        Assert.Equal(expected.Verdicts, actual.Verdicts);
    }
}
