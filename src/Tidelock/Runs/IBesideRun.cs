namespace Tidelock.Runs;

/// <summary>What looks at something beside a run's steps. A fault of it stops no step.</summary>
internal interface IBesideRun
{
    /// <summary>Begins to look. Disposed, possibly more than once, it adds nothing to the journal any more.</summary>
    IAsyncDisposable Begin(RunExecution execution);
}
