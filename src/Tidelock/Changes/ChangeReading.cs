namespace Tidelock.Changes;

/// <summary>What became of reading a change: the change, or all its mistakes.</summary>
/// <param name="Change">Null exactly when there are mistakes.</param>
/// <param name="Mistakes">Sorted by position.</param>
public sealed record ChangeReading(Change? Change, IReadOnlyList<Mistake> Mistakes);
