using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A backup as a rehearsal restores it. Asked, restored, counted, in that order and once; disposing removes what was restored.</summary>
internal abstract class RestoreTrial : IAsyncDisposable
{
    private readonly List<Message> notes = [];

    /// <summary>What the backup is called, or where it is.</summary>
    public abstract string Path { get; }

    /// <summary>What the rehearsal is bound to; empty where it is bound to nothing.</summary>
    public abstract string Digest { get; }

    /// <summary>Where it was restored; null before.</summary>
    public abstract BackupPlace? Place { get; }

    /// <summary>The tables it has, as far as is known; with their rows where those were counted.</summary>
    public abstract IReadOnlyList<TableState> Tables { get; }

    /// <summary>Of which tables the rows are there; null for all.</summary>
    public virtual RehearsedSubset? Subset => null;

    /// <summary>How long the restore takes besides what <see cref="RestoreAsync"/> does.</summary>
    public virtual TimeSpan Beforehand => TimeSpan.Zero;

    /// <summary>How many tables had exactly the rows that were written down.</summary>
    public int Compared { get; protected set; }

    public IReadOnlyList<Message> Notes => notes;

    /// <summary>Those whose rows can be compared.</summary>
    public virtual IEnumerable<TableState> CountedTables => Tables.Where(t => t.Rows is not null);

    /// <summary>Asks the target for what the restore needs, and this machine for room; why it cannot be restored here, or null.</summary>
    public abstract Task<Message?> AskAsync(PostgresSession target, CancellationToken cancellation);

    public abstract Task<PartEnd> RestoreAsync(CancellationToken cancellation);

    public abstract Task<PartEnd> CountAsync(CancellationToken cancellation);

    /// <summary>The restored copy, to go the way on.</summary>
    public abstract SchemaCopy Copy();

    public ValueTask DisposeAsync() => Place?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected void Note(params IEnumerable<Message> more) => notes.AddRange(more);
}
