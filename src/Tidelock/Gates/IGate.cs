using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// One item of the checklist. Looks, changes nothing, may be asked as often as somebody likes, and answers within its own time
/// limit. It throws only when the journal or the database is lost; anything else it cannot find out is "not passed", with why.
/// </summary>
public interface IGate
{
    /// <summary>The name people type: <c>staging</c>, <c>backup</c>, <c>approval</c>, …</summary>
    string Name { get; }

    /// <summary>How much the gate matters in this change.</summary>
    GateLevel Level(GateOptions options);

    /// <summary>Whether a person may pass over it with a reason. The backup and the way back may not be.</summary>
    bool MayBeOverridden => true;

    /// <summary>Whether a person's word is enough where the machine cannot know.</summary>
    bool MayBeConfirmed => true;

    Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation);
}

/// <summary>What a gate found.</summary>
/// <param name="Passed">Whether it holds. Unknown is not passed.</param>
/// <param name="Finding">What was found and, where it does not hold, who can mend it and how.</param>
/// <param name="By">Who confirmed it; null when the machine knew.</param>
public sealed record GateFinding(bool Passed, Message Finding, string? By = null)
{
    /// <summary>Whether it holds only because the team's policy makes an exception: shown in red, as what was passed over is.</summary>
    public bool InRed { get; init; }
}
