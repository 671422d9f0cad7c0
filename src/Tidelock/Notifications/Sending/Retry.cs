namespace Tidelock.Notifications.Sending;

/// <summary>When a failed notice is tried again: after a first pause, doubled up to a minute; after what only a person can mend every minute; never before the receiver wants it.</summary>
/// <param name="first">The first pause.</param>
/// <param name="time">The clock.</param>
internal sealed class Retry(TimeSpan first, TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private TimeSpan pause;
    private DateTimeOffset? notBefore;

    public bool IsOver => notBefore is null || time.GetUtcNow() >= notBefore;

    /// <summary>Whether the receiver itself wants to be left alone.</summary>
    public bool IsAskedFor { get; private set; }

    public TimeSpan Left => notBefore is { } then && then > time.GetUtcNow() ? then - time.GetUtcNow() : TimeSpan.Zero;

    public void Reset() => (pause, notBefore, IsAskedFor) = (TimeSpan.Zero, null, false);

    public void Failed(Delivery delivery)
    {
        pause =
            delivery.NeedsPerson || pause * 2 > Longest ? Longest
            : pause == TimeSpan.Zero ? first
            : pause * 2;
        var wait = delivery.RetryAfter is { } asked && asked > pause ? asked : pause;
        IsAskedFor = delivery.RetryAfter is not null;
        notBefore = time.GetUtcNow() + wait;
    }
}
