namespace Tidelock.Policies;

/// <summary>Which policy a run was held to, as its journal keeps it.</summary>
/// <param name="File">Where it stands.</param>
/// <param name="Digest">SHA-256 of the policy and of the lists of signers it names.</param>
public sealed record PolicyMark(string File, string Digest);
