namespace Tidelock.Tests.Runs;

/// <summary>A clock by which the waits of planned starts are over at once, and that much later; the journal's time limits are real ones.</summary>
internal sealed class JumpingTime(DateTimeOffset start) : TimeProvider
{
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(3),
        TimeSpan.FromMinutes(5),
    ];

    private readonly Lock one = new();
    private DateTimeOffset now = start;

    public override DateTimeOffset GetUtcNow()
    {
        lock (one)
        {
            return now;
        }
    }

    public void Jump(TimeSpan by)
    {
        lock (one)
        {
            now += by;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (!Waits.Contains(dueTime))
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        Jump(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
