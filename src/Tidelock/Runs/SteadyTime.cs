namespace Tidelock.Runs;

/// <summary>
/// The clock of a run: wall time at its start, never before what the run has journaled already, and from then on as much later as time
/// has passed. A wall clock that is set while the run goes on, back or forward, changes nothing in it.
/// </summary>
internal sealed class SteadyTime : TimeProvider
{
    private readonly TimeProvider real;
    private readonly DateTimeOffset start;
    private readonly long since;

    /// <param name="real">The machine's clock.</param>
    /// <param name="notBefore">The last time the run has seen.</param>
    public SteadyTime(TimeProvider real, DateTimeOffset notBefore)
    {
        var now = real.GetUtcNow();
        (this.real, start, since) = (real, now > notBefore ? now : notBefore, real.GetTimestamp());
    }

    public override DateTimeOffset GetUtcNow() => start + real.GetElapsedTime(since);

    public override long TimestampFrequency => real.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => real.LocalTimeZone;

    public override long GetTimestamp() => real.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        real.CreateTimer(callback, state, dueTime, period);
}
