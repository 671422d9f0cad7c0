using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>What is known of a backup.</summary>
/// <param name="Level">How far it is proven; null when there is none at all.</param>
/// <param name="Problems">Every reason why it is not verified; empty when it is.</param>
/// <param name="Notes">What a person should know all the same, for example what could not be checked.</param>
/// <param name="TakenAt">Of which moment its data are; null when that is unknown.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Rehearsal">The proof, where there is one.</param>
public sealed record BackupVerification(
    BackupLevel? Level,
    IReadOnlyList<Message> Problems,
    IReadOnlyList<Message> Notes,
    DateTimeOffset? TakenAt,
    long Size,
    RehearsalRecord? Rehearsal
)
{
    /// <summary>Whether it is at least verified.</summary>
    public bool Passed => Level >= BackupLevel.Verified;
}
