using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>What became of taking a backup.</summary>
/// <param name="Backup">The backup; null when none was made, and then nothing that looks like one is left.</param>
/// <param name="Finding">How it went, or why not.</param>
public sealed record BackupTaking(Backup? Backup, Message Finding)
{
    /// <summary>What a person should know all the same: to whom it gave way before, what it could not count.</summary>
    public IReadOnlyList<Message> Notes { get; init; } = [];

    /// <summary>Whether it was given up for somebody else's sake alone, so that another try may get through.</summary>
    internal bool GaveWay { get; init; }
}
