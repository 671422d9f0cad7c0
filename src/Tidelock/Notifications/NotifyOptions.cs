namespace Tidelock.Notifications;

/// <summary>Section <c>notify:</c>: whom a run tells what happens.</summary>
/// <param name="SlackChannel">Where progress is shared; null for nowhere.</param>
public sealed record NotifyOptions(string? SlackChannel);
