namespace Tidelock.Postgres.Tests.Backups;

/// <summary>Every look at the clock takes so long.</summary>
internal sealed class SlowTime(TimeSpan step) : TimeProvider
{
    private long now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => now += step.Ticks;
}
