using Microsoft.Extensions.Time.Testing;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Tests.Probes;

/// <summary>A source whose clock is not that of this machine. A tick is 5 s.</summary>
public sealed class SourceClockTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 10, 30, TimeSpan.Zero);

    private readonly FakeTimeProvider time = new(Now);
    private readonly SourceClock clock;

    public SourceClockTests()
    {
        var every = TimeSpan.FromSeconds(5);
        clock = new SourceClock(new ProbeContext(Reading.NoDatabase, "test", every, time, new HttpClientHandler()));
    }

    /// <summary>A date has whole seconds, and nobody knows when within the time of the answer it was written.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-5, 0)]
    [InlineData(5, 0)]
    [InlineData(9, 4)]
    [InlineData(-9, 4)]
    public async Task A_clock_that_may_be_within_a_tick_of_ours_is_the_same(double ahead, double took)
    {
        Saw(ahead, took);
        var sample = await ReadAsync();
        Assert.Equal((Now, null), (sample.At, sample.Detail));
    }

    [Theory]
    [InlineData(240, "its clock is 4 min ahead of this machine's, so it is asked by its own time")]
    [InlineData(-240, "its clock is 4 min behind this machine's, so it is asked by its own time")]
    public async Task Another_clock_is_asked_by_its_own_time_and_the_value_stands_for_ours(double ahead, string words)
    {
        Saw(ahead - 0.5, 0);
        DateTimeOffset? asked = null;
        var sample = await ReadAsync(at => asked = at);
        Assert.Equal(Now.AddSeconds(ahead), asked);
        Assert.Equal((Now, words), (sample.At, TextCatalog.English.Render(sample.Detail!)));
    }

    [Fact]
    public async Task What_was_read_before_it_was_known_is_read_again()
    {
        var asked = new List<DateTimeOffset>();
        var sample = await ReadAsync(at =>
        {
            asked.Add(at);
            Saw(239.5, 0);
        });
        Assert.Equal([Now, Now.AddMinutes(4)], asked);
        Assert.Equal(Now, sample.At);
    }

    [Fact]
    public async Task A_clock_that_was_put_right_is_the_same_again_and_one_that_says_nothing_stays_as_it_was()
    {
        Saw(240, 0);
        clock.Saw(null, Now, Now);
        clock.Saw(Now, Now, Now.AddSeconds(-1));
        Assert.Equal(SourceClock.Differs, (await ReadAsync()).Detail?.Code);
        Saw(1, 0);
        Assert.Null((await ReadAsync()).Detail);
    }

    [Fact]
    public async Task Why_there_is_no_value_is_told_and_not_the_clock()
    {
        Saw(240, 0);
        var why = Message.Of("probes.prometheus.empty");
        var samples = await clock.ReadAsync(_ =>
            Task.FromResult<IReadOnlyList<Sample>>([Sample.NoData("s", Now.AddMinutes(4), why)])
        );
        Assert.Equal(why, Assert.Single(samples).Detail);
    }

    /// <summary>An answer that took a while, dated at its beginning or end so that it may be from as near to ours as can be.</summary>
    private void Saw(double ahead, double took) =>
        clock.Saw(Now.AddSeconds(ahead), Now.AddSeconds(-took), Now.AddSeconds(took));

    private async Task<Sample> ReadAsync(Action<DateTimeOffset>? asked = null) =>
        Assert.Single(
            await clock.ReadAsync(ahead =>
            {
                var at = Now + ahead;
                asked?.Invoke(at);
                return Task.FromResult<IReadOnlyList<Sample>>([Sample.Of("s", at, 1)]);
            })
        );
}
