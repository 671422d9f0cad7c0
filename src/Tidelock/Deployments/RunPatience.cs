namespace Tidelock.Deployments;

/// <summary>How long a run waits for what it cannot go on without, before it is left to <c>tidelock resume</c>.</summary>
public sealed record RunPatience
{
    /// <summary>For a database that is lost.</summary>
    public TimeSpan Database { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For a journal that cannot be written.</summary>
    public TimeSpan Journal { get; init; } = TimeSpan.FromSeconds(30);
}
