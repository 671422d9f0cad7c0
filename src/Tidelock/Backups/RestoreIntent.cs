namespace Tidelock.Backups;

/// <summary>
/// Journaled before a restore begins: the relations the dump will drop and create, as they were. A relation that is created has
/// a new oid, so whoever reads the catalog later can tell whether the restore took effect.
/// </summary>
/// <param name="Backup">Path of the backup.</param>
/// <param name="DatabaseOid">The database that is restored into.</param>
/// <param name="Relations">Those of the dump's relations that existed before.</param>
public sealed record RestoreIntent(string Backup, uint DatabaseOid, IReadOnlyList<RestoredRelation> Relations);

/// <summary>A relation by name and identity.</summary>
public sealed record RestoredRelation(string Schema, string Name, uint Oid);
