namespace Tidelock.Postgres.Tests.Tools;

/// <summary>The real clock, but that a limit of this length is over when something has happened, however long that takes.</summary>
internal sealed class EndedTime(TimeSpan limit, Task happened) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != limit)
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        var timer = base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        _ = EndAsync(timer);
        return timer;
    }

    private async Task EndAsync(ITimer timer)
    {
        await happened;
        timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
