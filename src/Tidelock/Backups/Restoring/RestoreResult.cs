using Tidelock.Texts;

namespace Tidelock.Backups.Restoring;

/// <summary>How a restore ended.</summary>
/// <param name="Fate">What the target's catalog says.</param>
/// <param name="Finding">The same in words, with the reason where it is not there.</param>
/// <param name="Tries">How often pg_restore ran.</param>
/// <param name="Took">From the first try to the end.</param>
public sealed record RestoreResult(RestoreFate Fate, Message Finding, int Tries, TimeSpan Took);
