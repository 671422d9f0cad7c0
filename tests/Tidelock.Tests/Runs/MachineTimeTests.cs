using System.Globalization;
using Tidelock.Runs;

namespace Tidelock.Tests.Runs;

public sealed class MachineTimeTests
{
    [Fact]
    public async Task Timestamps_count_since_the_machine_was_started_with_the_time_it_slept()
    {
        var before = await UptimeAsync();
        var stamp = MachineTime.Clock.GetElapsedTime(0);
        var after = await UptimeAsync();

        // The kernel rounds what it tells to hundredths.
        Assert.InRange(stamp.TotalSeconds, before - 0.01, after + 0.01);
    }

    [Fact]
    public void A_run_knows_how_long_the_machine_has_slept()
    {
        var machine = new SleepyTime();
        var time = new SteadyTime(machine, DateTimeOffset.MinValue);
        machine.Sleep(TimeSpan.FromMinutes(10));
        Assert.Equal(SleepyTime.Start.AddMinutes(10), time.GetUtcNow());
        machine.SetBack(TimeSpan.FromHours(1));
        Assert.Equal(SleepyTime.Start.AddMinutes(10), time.GetUtcNow());
    }

    private static async Task<double> UptimeAsync() =>
        double.Parse(
            (await File.ReadAllTextAsync("/proc/uptime")).Split(' ')[0],
            NumberStyles.Float,
            CultureInfo.InvariantCulture
        );

    /// <summary>Asleep, the wall clock and the time since the boot go on, and no timer does.</summary>
    private sealed class SleepyTime : TimeProvider
    {
        public static readonly DateTimeOffset Start = SampleEvents.Zero;
        private TimeSpan slept;
        private TimeSpan setBack;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Sleep(TimeSpan time) => slept += time;

        public void SetBack(TimeSpan by) => setBack += by;

        public override DateTimeOffset GetUtcNow() => Start + slept - setBack;

        public override long GetTimestamp() => slept.Ticks;
    }
}
