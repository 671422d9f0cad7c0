namespace Tidelock.Backups;

/// <summary>Proof that a backup was restored and queried, kept beside it.</summary>
/// <param name="ManifestDigest">Of which backup.</param>
/// <param name="At">When it was proven.</param>
/// <param name="RestoreTook">How long the restore took: the recovery time that may be promised.</param>
/// <param name="TablesCompared">How many tables had exactly the rows of the manifest.</param>
/// <param name="TablesUncounted">How many had no exact count in the manifest to compare with.</param>
public sealed record RehearsalRecord(
    string ManifestDigest,
    DateTimeOffset At,
    TimeSpan RestoreTook,
    int TablesCompared,
    int TablesUncounted
);
