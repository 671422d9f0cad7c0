namespace Tidelock.Backups;

/// <summary>How far a dump has come.</summary>
/// <param name="Bytes">Written so far.</param>
/// <param name="TablesBegun">Tables whose data are written or being written.</param>
/// <param name="Tables">All tables.</param>
public sealed record BackupProgress(long Bytes, int TablesBegun, int Tables);
