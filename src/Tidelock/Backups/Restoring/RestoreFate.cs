namespace Tidelock.Backups.Restoring;

/// <summary>What became of a restore, by the target's catalog.</summary>
public enum RestoreFate
{
    /// <summary>Nothing of it is there: it did not begin, failed, or was ended.</summary>
    NotRestored,

    /// <summary>All of it is there.</summary>
    Restored,

    /// <summary>Several transactions were begun and not all are known to have ended well: half of it may be there. Restoring again makes it whole.</summary>
    Halfway,

    /// <summary>The catalog fits neither: somebody else changed the same relations meanwhile. A person must look.</summary>
    Unknown,
}
