using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>What became of taking a backup.</summary>
/// <param name="Backup">The backup; null when none was made, and then nothing that looks like one is left.</param>
/// <param name="Finding">How it went, or why not.</param>
public sealed record BackupTaking(Backup? Backup, Message Finding);
