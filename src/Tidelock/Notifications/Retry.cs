namespace Tidelock.Notifications;

/// <summary>When a failed notice is tried again: after 2 s, doubled up to a minute; after what only a person can mend every minute; never before the receiver wants it.</summary>
internal sealed class Retry(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private TimeSpan pause;
    private DateTimeOffset? notBefore;

    public bool IsOver => notBefore is null || time.GetUtcNow() >= notBefore;

    /// <summary>Whether the receiver itself wants to be left alone.</summary>
    public bool IsAskedFor { get; private set; }

    public void Reset() => (pause, notBefore, IsAskedFor) = (TimeSpan.Zero, null, false);

    public void Failed(Delivery delivery)
    {
        pause =
            delivery.NeedsPerson || pause * 2 > Longest ? Longest
            : pause == TimeSpan.Zero ? First
            : pause * 2;
        var wait = delivery.RetryAfter is { } asked && asked > pause ? asked : pause;
        IsAskedFor = delivery.RetryAfter is not null;
        notBefore = time.GetUtcNow() + wait;
    }
}
