namespace Tidelock.Backups;

/// <summary>How far a backup is proven. Shown by name everywhere.</summary>
public enum BackupLevel
{
    /// <summary>It exists.</summary>
    Taken,

    /// <summary>Complete, readable, unchanged, of this database, fresh.</summary>
    Verified,

    /// <summary>Verified, and restored and queried for proof.</summary>
    Rehearsed,
}
