namespace Tidelock.Evidence.Keeping;

/// <summary>What a run keeps of itself outside of its journal, as soon as it is over. Paths are meant from the change's folder.</summary>
/// <param name="Key">File of the key that the bundle is signed with; null where none is written.</param>
/// <param name="Out">File of the bundle; null for none.</param>
/// <param name="Anchors">Where the heads of the chains are written down: <c>git</c>, or files.</param>
public sealed record EvidenceOptions(string? Key, string? Out, IReadOnlyList<string> Anchors);
