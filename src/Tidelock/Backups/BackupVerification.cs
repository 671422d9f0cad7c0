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
    /// <summary>Those of the problems that tell only what nobody knows of it: as a backup that is no more than taken it may be accepted with them.</summary>
    public IReadOnlyList<Message> Unproven { get; init; } = [];

    /// <summary>Why it is not accepted where it must be proven so far; null when it is.</summary>
    /// <param name="proof">A rehearsal is not asked for: it comes after this.</param>
    public Message? Refusal(BackupLevel proof) =>
        Problems.FirstOrDefault(p => Level is null || proof > BackupLevel.Taken || !Unproven.Contains(p));

    /// <summary>Whether it is at least verified.</summary>
    public bool Passed => Level >= BackupLevel.Verified;
}
