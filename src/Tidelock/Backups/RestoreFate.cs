namespace Tidelock.Backups;

/// <summary>What became of a restore, by the target's catalog.</summary>
public enum RestoreFate
{
    /// <summary>Nothing of it is there: it did not begin, failed, or was ended.</summary>
    NotRestored,

    /// <summary>All of it is there.</summary>
    Restored,

    /// <summary>The catalog fits neither: somebody else changed the same relations meanwhile. A person must look.</summary>
    Unknown,
}
