using System.Text.Json.Serialization;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>How a check came out. What could not be found out has not passed.</summary>
/// <param name="Name">The check's name.</param>
/// <param name="Passed">Whether it holds.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Finding">What was found.</param>
public sealed record CheckResult(string Name, bool Passed, TimeSpan Took, Message Finding)
{
    /// <summary>The finding of a statement that was prepared before the change (0A000).</summary>
    internal const string Outdated = "checks.sql.outdated-plan";

    /// <summary>The finding of one that took longer than it may.</summary>
    internal const string TooSlow = "checks.too-slow";

    /// <summary>Whether there was an answer at all. Without one a check has not passed, and nothing is known to be broken either.</summary>
    public bool IsAnswered { get; init; } = true;

    /// <summary>Whether it failed only by taking longer than it may: that may be a busy moment, and no fault of what it asks.</summary>
    [JsonIgnore]
    public bool IsSlow => Finding.Code is TooSlow;

    /// <summary>Whether a statement met columns it was not prepared for: the session must prepare it anew, the data are not broken.</summary>
    [JsonIgnore]
    public bool IsOutdated => Finding.Code is Outdated;
}
