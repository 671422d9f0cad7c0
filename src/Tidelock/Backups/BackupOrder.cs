using Tidelock.Backups.Dumps;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>What a backup is to be like, whichever try makes it.</summary>
/// <param name="ApplicationName"><c>tidelock/RUN/EPOCH</c>.</param>
/// <param name="Options">As the author wrote them.</param>
/// <param name="Relation">What the change is about; null for no relation.</param>
/// <param name="Locks">How long it waits for one lock.</param>
/// <param name="Patience">How long somebody else may have to wait for it.</param>
internal sealed record BackupOrder(
    string ApplicationName,
    BackupOptions Options,
    RelationName? Relation,
    TimeSpan Locks,
    TimeSpan Patience
)
{
    /// <summary>How it is compressed: chosen before it begins.</summary>
    public DumpCompression Compression { get; init; } = CompressionArgument.Always;

    /// <summary>At which revision the migration's own tool says that the database is; null where there is none or it cannot say.</summary>
    public string? Revision { get; init; }

    public string LockWaitArgument =>
        FormattableString.Invariant($"--lock-wait-timeout={(long)Locks.TotalMilliseconds}");

    /// <summary>What is counted first, however large it is: as declared, or else what the change's relation reads.</summary>
    public IReadOnlyList<RelationName> Counted =>
        Options.Count.Count > 0 ? Options.Count
        : Relation is null ? []
        : [Relation];
}
