using Tidelock.Probes;
using Tidelock.Probes.Synthetic;
using Tidelock.Texts;

namespace Tidelock.Tests.Probes;

public sealed class SyntheticTallyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly SyntheticReads Reads = new(["select 1"], 1, null, TimeSpan.FromSeconds(2));

    [Fact]
    public void The_share_of_reads_that_failed_weighs_as_many_as_were_answered()
    {
        var sample = Of(SyntheticMeasure.Errors, [.. Done(10, 20, 30), Read(ReadOutcome.Failed, 1)]);
        Assert.Equal((0.25, 4), (sample.Value, sample.Weight));
        Assert.Equal("probes.failed", sample.Detail!.Code);
    }

    [Theory]
    [InlineData(SyntheticMeasure.P50, 0.050)]
    [InlineData(SyntheticMeasure.P95, 0.100)]
    [InlineData(SyntheticMeasure.P99, 0.100)]
    public void A_quantile_is_a_time_that_was_measured(SyntheticMeasure measure, double seconds) =>
        Assert.Equal(seconds, Of(measure, Done(100, 90, 80, 70, 60, 50, 40, 30, 20, 10)).Value!.Value, 6);

    [Fact]
    public void A_read_that_was_too_slow_has_failed_and_is_slow()
    {
        IReadOnlyList<SyntheticRead> reads = [.. Done(10), Read(ReadOutcome.TooSlow, 2000)];
        Assert.Equal(0.5, Of(SyntheticMeasure.Errors, reads).Value);
        Assert.Equal(2, Of(SyntheticMeasure.P95, reads).Value);
    }

    [Fact]
    public void A_read_that_failed_at_once_is_not_fast()
    {
        var sample = Of(SyntheticMeasure.P50, [Read(ReadOutcome.Failed, 1)]);
        Assert.Equal(SampleOutcome.NoData, sample.Outcome);
    }

    [Fact]
    public void A_cached_plan_is_told_and_counts_for_nothing()
    {
        var some = Of(SyntheticMeasure.Errors, [.. Done(10), Read(ReadOutcome.CachedPlan, 1)]);
        Assert.Equal((0, 1, "probes.synthetic.cached-plan"), (some.Value, some.Weight, some.Detail!.Code));
        var only = Of(SyntheticMeasure.Errors, [Read(ReadOutcome.CachedPlan, 1)]);
        Assert.Equal((SampleOutcome.NoData, "probes.synthetic.cached-plan"), (only.Outcome, only.Detail!.Code));
    }

    [Fact]
    public void A_server_that_is_not_reached_is_an_error_of_the_instrument_and_not_of_the_reads()
    {
        Assert.Equal(SampleOutcome.Error, Of(SyntheticMeasure.Errors, [Read(ReadOutcome.NotAsked, 1)]).Outcome);
        Assert.Equal(0, Of(SyntheticMeasure.Errors, [.. Done(10), Read(ReadOutcome.NotAsked, 1)]).Value);
    }

    [Theory]
    [InlineData(SyntheticMeasure.Errors)]
    [InlineData(SyntheticMeasure.P95)]
    public void One_read_without_an_answer_makes_what_the_others_say_unknown(SyntheticMeasure measure)
    {
        var sample = Of(measure, [Read(ReadOutcome.Lost, 3000), .. Done(10, 20, 30)]);
        Assert.Equal((SampleOutcome.Error, "probes.failed"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public void Without_a_read_there_is_no_data_and_not_a_rate_of_zero() =>
        Assert.Equal(SampleOutcome.NoData, Of(SyntheticMeasure.Errors, []).Outcome);

    private static Sample Of(SyntheticMeasure measure, IReadOnlyList<SyntheticRead> reads) =>
        new SyntheticTally(reads, Now).Of(new SyntheticProbeOptions("s", SignalUnit.Ratio, measure, Reads));

    private static List<SyntheticRead> Done(params int[] milliseconds) =>
        [.. milliseconds.Select(m => Read(ReadOutcome.Done, m))];

    private static SyntheticRead Read(ReadOutcome outcome, int milliseconds) =>
        new(
            Now,
            outcome,
            TimeSpan.FromMilliseconds(milliseconds),
            outcome is ReadOutcome.Done ? null : Message.Of("probes.failed", ("reason", "x"))
        );
}
