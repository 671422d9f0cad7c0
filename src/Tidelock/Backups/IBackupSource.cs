using Tidelock.Backups.PgBackRest;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// Where backups come from that Tidelock does not write itself: it asks another program about them. A lost database may be thrown; whatever
/// else cannot be found out is a finding that does not pass.
/// </summary>
internal interface IBackupSource
{
    BackupSource By { get; }

    /// <summary>Looks ahead for the gate, within a limit of its own; takes nothing and may be asked as often as somebody likes.</summary>
    Task<BackupStanding> LookAsync(BackupRequest request, CancellationToken cancellation);

    /// <summary>Takes one where the change asks for it, and proves it as far as that is done without restoring it. May run again after a crash, with what it recorded before.</summary>
    Task<BackupProof> ProveAsync(BackupRequest request, CancellationToken cancellation);
}

/// <summary>What a source is asked for.</summary>
/// <param name="Options">As the change has them.</param>
/// <param name="Folder">The change's.</param>
/// <param name="Target">The database.</param>
/// <param name="ApplicationName">Of every connection and child.</param>
/// <param name="OpenAsync">Opens the database and makes sure of it.</param>
internal sealed record BackupRequest(
    BackupOptions Options,
    string Folder,
    PostgresTarget Target,
    string ApplicationName,
    Func<CancellationToken, Task<PostgresSession>> OpenAsync
)
{
    /// <summary>The run; empty for the gate, before there is one.</summary>
    public string Run { get; init; } = "";

    /// <summary>What this run recorded before; null for nothing.</summary>
    public SourcedBackup? Earlier { get; init; }

    /// <summary>Journals a backup that was taken, before it is waited for or proven.</summary>
    public Func<SourcedBackup, CancellationToken, Task> RecordAsync { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Tells who is looking.</summary>
    public Action<Message> Report { get; init; } = _ => { };
}

/// <summary>A backup that another program or service keeps.</summary>
/// <param name="By">Which source.</param>
/// <param name="Id">What it is called there: a label, a snapshot's id.</param>
/// <param name="Level">How far it was proven.</param>
/// <param name="At">Of which moment its data are at the latest.</param>
/// <param name="MaxAge">The oldest that the change accepts.</param>
public sealed record SourcedBackup(BackupSource By, string Id, BackupLevel Level, DateTimeOffset At, TimeSpan MaxAge)
{
    /// <summary>How long the rehearsal's restore took; null where it was not rehearsed.</summary>
    public TimeSpan? RestoreTook { get; init; }

    /// <summary>Whether it is older by now than the change accepts.</summary>
    internal bool IsTooOld(DateTimeOffset now) => now - At > MaxAge;
}

/// <summary>What the gate is told.</summary>
internal sealed record BackupStanding(bool Passed, Message Finding);

/// <summary>How the proof went.</summary>
/// <param name="Backup">Null where there is none that is proven as far as the change asks.</param>
/// <param name="Finding">What was found, or why not.</param>
internal sealed record BackupProof(SourcedBackup? Backup, Message Finding)
{
    /// <summary>What can be restored here for proof; null where that is not to be had, or was not asked for.</summary>
    public BackRestSet? Set { get; init; }

    public static BackupProof Refused(Message why) => new(null, why);
}
