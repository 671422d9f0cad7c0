namespace Tidelock.Backups.Restoring;

/// <summary>
/// Journaled before a restore begins: the relations the dump will drop and create, as they were. A relation that is created has
/// a new oid, so whoever reads the catalog later can tell whether the restore took effect.
/// </summary>
/// <param name="Backup">Path of the backup.</param>
/// <param name="DatabaseOid">The database that is restored into.</param>
/// <param name="Relations">Those of the dump's relations that existed before.</param>
/// <param name="RollbackAt">When the rollback began that it belongs to; null in a journal from when that was not written down.</param>
public sealed record RestoreIntent(
    string Backup,
    uint DatabaseOid,
    IReadOnlyList<RestoredRelation> Relations,
    DateTimeOffset? RollbackAt = null
)
{
    /// <summary>How many jobs restore it in transactions of their own; null for one transaction.</summary>
    public int? Jobs { get; init; }
}

/// <summary>Journaled when a restore has ended: what the catalog said of it before people could change anything again.</summary>
/// <param name="RollbackAt">Of the rollback whose intent it answers.</param>
public sealed record RestoreEnd(DateTimeOffset RollbackAt, RestoreFate Fate);

/// <summary>A relation by name and identity.</summary>
public sealed record RestoredRelation(string Schema, string Name, uint Oid);
