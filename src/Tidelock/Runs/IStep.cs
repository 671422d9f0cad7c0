using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// One step of a run. It may be run again after a crash at any line: where it has an effect it records an intent first
/// (<see cref="StepContext.RecordAsync"/>) and, when it finds its own intent, asks the database what became of it. It may throw
/// <see cref="TidelockException"/> and database exceptions; the engine turns them into <see cref="StepResult.Failed"/> with the
/// exception's message. It must honour cancellation.
/// </summary>
public interface IStep
{
    /// <summary>The field's word: <c>prerequisites</c>, <c>backup</c>, …; <c>rollback.revert</c> for the steps of a rollback.</summary>
    string Name { get; }

    /// <summary>Whether this run has the step at all.</summary>
    bool IsPartOf(RunState state) => true;

    /// <summary>Whether what it found when it passed is no longer good enough for the steps that come next, so that it is run again.</summary>
    bool IsDueAgain(RunState state, DateTimeOffset now) => false;

    Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation);
}

/// <summary>How a step ended, with what a person should know.</summary>
public sealed record StepOutcome(StepResult Result, Message Finding)
{
    public static StepOutcome Passed(Message finding) => new(StepResult.Passed, finding);

    public static StepOutcome Refused(Message finding) => new(StepResult.Refused, finding);

    public static StepOutcome Failed(Message finding) => new(StepResult.Failed, finding);

    public static StepOutcome Breached(Message finding) => new(StepResult.Breached, finding);

    public static StepOutcome NeedsPerson(Message finding) => new(StepResult.NeedsPerson, finding);
}
