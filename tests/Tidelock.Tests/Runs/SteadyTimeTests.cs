using Tidelock.Runs;

namespace Tidelock.Tests.Runs;

public sealed class SteadyTimeTests
{
    [Theory]
    [InlineData(-60)]
    [InlineData(60)]
    public void A_wall_clock_that_is_set_changes_nothing_while_time_goes_on(int minutes)
    {
        var machine = new SettableTime(SampleEvents.Zero);
        var time = new SteadyTime(machine, DateTimeOffset.MinValue);
        machine.Pass(TimeSpan.FromSeconds(5));
        machine.Set(TimeSpan.FromMinutes(minutes));
        machine.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(SampleEvents.Zero.AddSeconds(10), time.GetUtcNow());
    }

    [Fact]
    public void A_run_that_goes_on_after_the_clock_was_set_back_starts_where_it_had_stopped_and_time_goes_on()
    {
        var machine = new SettableTime(SampleEvents.Zero.AddHours(-1));
        var time = new SteadyTime(machine, SampleEvents.Zero);
        Assert.Equal(SampleEvents.Zero, time.GetUtcNow());
        machine.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(SampleEvents.Zero.AddSeconds(5), time.GetUtcNow());
    }

    [Fact]
    public async Task The_ticks_of_a_watch_go_on_evenly_though_the_clock_is_set_back()
    {
        var machine = new SettableTime(SampleEvents.Zero);
        await using var run = await RunFixture.CreateAsync(new SteadyTime(machine, DateTimeOffset.MinValue));
        var watch = new ScriptedStep(
            "watch",
            async (context, stop) =>
            {
                for (var i = 0; i < 4; i++)
                {
                    machine.Pass(TimeSpan.FromSeconds(5));
                    machine.Set(TimeSpan.FromMinutes(-10 * i));
                    await context.AppendAsync(new WatchTicked(false, [], []), stop);
                }

                return StepOutcome.Passed(Texts.Message.Of("test.passed"));
            }
        );
        var state = await run.RunAsync(ScriptedStep.Migrating(), watch);
        Assert.Equal([5, 10, 15, 20], state.Ticks.Select(t => (t.At - SampleEvents.Zero).TotalSeconds));
    }

    /// <summary>A machine whose wall clock can be set while its steady one goes on.</summary>
    private sealed class SettableTime(DateTimeOffset start) : TimeProvider
    {
        private TimeSpan passed;
        private TimeSpan setBy;

        public void Pass(TimeSpan time) => passed += time;

        public void Set(TimeSpan by) => setBy += by;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => start + passed + setBy;

        public override long GetTimestamp() => passed.Ticks;
    }
}
