namespace Tidelock.Runs;

/// <summary>The one writer of a run: takes events one at a time, folds, appends, publishes.</summary>
public interface IRunWriter
{
    /// <summary>The run as it is now. Immutable; read it again for what happened since.</summary>
    RunState State { get; }

    /// <summary>Returns when the event is stored; watch ticks and events of a rollback may be stored later when the journal cannot
    /// be written.</summary>
    /// <exception cref="JournalUnwritableException">It could not be stored within the deadline.</exception>
    /// <exception cref="RunTakenOverException">A newer epoch has this run: end at once and touch nothing.</exception>
    Task AppendAsync(RunEvent e, CancellationToken cancellation);
}
