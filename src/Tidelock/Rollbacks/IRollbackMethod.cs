using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>
/// One way back. <see cref="AssessAsync"/> looks and changes nothing. <see cref="RevertAsync"/> may be called again after a crash
/// at any line and takes effect once: it journals its intent through the context and asks the database before it acts again.
/// </summary>
public interface IRollbackMethod
{
    /// <summary>What people type: <c>definition</c>, <c>downgrade</c>, <c>backup</c>, <c>recovery</c>.</summary>
    string Name { get; }

    /// <summary>Whether it leads back from whatever is there, so that nobody has to know what that is.</summary>
    bool LeadsFromAnywhere => true;

    /// <summary>
    /// Whether people have been asked to carry it out, so that only this method knows when it is done, whatever the database shows by then.
    /// </summary>
    /// <param name="context">The context of the rollback step.</param>
    bool HasBegun(StepContext context) => false;

    /// <summary>Whether it takes a way back back, so that the change is in place afterwards.</summary>
    bool IsUndo => false;

    /// <summary>Whether relations are made anew by it, all of them: a statement that was prepared on the old ones tells nothing of them.</summary>
    bool IsRestore => false;

    /// <summary>Whether what it had done is done once more where a failover may have lost it; where not, the step that follows proves what is there.</summary>
    bool MayBeRepeated => true;

    /// <summary>Whether it can be used for this run now, and what it would cost.</summary>
    /// <param name="context">The context of the rollback step.</param>
    Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation);

    /// <summary>Goes back. Passed only when the database says that it is done.</summary>
    Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation);

    /// <summary>Whether the target is again what it was before the run, as far as this method promises it.</summary>
    Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation);
}
