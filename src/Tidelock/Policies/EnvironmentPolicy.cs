using Tidelock.Changes;
using Tidelock.Signatures;

namespace Tidelock.Policies;

/// <summary>What a team decided for one environment, which no change can loosen.</summary>
/// <param name="Mark">Which file says so.</param>
public sealed record EnvironmentPolicy(PolicyMark Mark)
{
    /// <summary>Whose signatures make an approval; null where none is asked for.</summary>
    public AllowedSigners? Signers { get; init; }

    /// <summary>Where they are named; null where none are.</summary>
    public PolicyRule? SignersBy { get; init; }

    /// <summary>Who may approve; empty for everybody.</summary>
    public IReadOnlyList<string> People { get; init; } = [];

    /// <summary>What the same person may do twice.</summary>
    public OwnWork Allowed { get; init; }

    /// <summary>Where that is allowed; null where nothing is.</summary>
    public PolicyRule? AllowedBy { get; init; }

    /// <summary>Who may pass over which gate.</summary>
    public IReadOnlyList<PolicyOverride> Overrides { get; init; } = [];

    /// <summary>For which environment it was written; <c>others</c> where it names none of this change's.</summary>
    public string Name { get; init; } = "";

    /// <summary>Every environment that the file names.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];

    /// <summary>What it demands of every gate, in 64 characters: part of what is approved. Null where it demands nothing.</summary>
    public string? Demands => Gates?.Digest;

    /// <summary>The files it was read from, and takes its lists from.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>The section <c>gates:</c> of the policy: the levels and thresholds that every change is held to.</summary>
    internal ChangeNode? Gates { get; init; }

    /// <summary>The section <c>overrides:</c>, whose keys are gates.</summary>
    internal ChangeNode? OverridesNode { get; init; }

    /// <summary>
    /// The rule by which this person may not pass over a gate; null where there is none. A gate that the policy demands and whose
    /// overrides it does not name may be passed over by nobody, and neither may an approval that must be signed: an override is a typed name.
    /// </summary>
    /// <param name="key">The gate as files call it: <c>onCall</c>.</param>
    /// <param name="by">Who.</param>
    public PolicyRule? Forbids(string key, string by) =>
        key == "approval" && SignersBy is { } signed ? signed
        : Overrides.FirstOrDefault(o => o.Gate == key) is { } named
            ? named.People.Any(p => PersonName.IsExactly(p, by)) ? null
                : named.Rule
        : Gates?[key] is { Exists: true } demanded ? PolicyRule.At(demanded)
        : null;
}

/// <summary>Who may pass over a gate.</summary>
public sealed record PolicyOverride(string Gate, IReadOnlyList<string> People, PolicyRule Rule);
