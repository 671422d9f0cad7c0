namespace Tidelock.Notifications.Sending;

/// <summary>How often channels are called.</summary>
internal sealed record NoticePace
{
    /// <summary>The least time between two calls of a channel: what happens meanwhile is told in one.</summary>
    public TimeSpan Between { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a channel is called in a hold although nothing happens.</summary>
    public TimeSpan InHold { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often it is journaled how far a receiver of every tick has come.</summary>
    public TimeSpan Journaled { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long a failed notice is tried again, for the first time.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the end of a run is told before the program ends without it.</summary>
    public TimeSpan EndLimit { get; init; } = TimeSpan.FromSeconds(15);
}
