using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// Runs a run's steps in order from wherever its journal stands, and decides what follows each of them. The deployment's steps
/// come first; once a rollback has begun, only the rollback's steps are run.
/// </summary>
/// <param name="deployment">The steps there.</param>
/// <param name="rollback">The steps back.</param>
/// <param name="lookout">What reads the signals beside the steps until the watch does; null where nothing is to be read.</param>
/// <param name="beside">What looks beside the steps until the run ends or goes back; null for nothing.</param>
internal sealed class RunEngine(
    IReadOnlyList<IStep> deployment,
    IReadOnlyList<IStep> rollback,
    Lookout? lookout = null,
    IBesideRun? beside = null
)
{
    private static readonly PauseStep Pause = new();

    /// <summary>Goes on until the run has ended or is suspended, and returns its state.</summary>
    /// <exception cref="TargetLostException">The database or the run lock is gone; take both anew and call again.</exception>
    /// <exception cref="RunTakenOverException">A newer epoch has the run.</exception>
    /// <exception cref="JournalUnwritableException">The journal cannot be written and nothing new may be started.</exception>
    public async Task<RunState> RunAsync(RunExecution execution, CancellationToken cancellation)
    {
        await using var looking = lookout?.Begin(execution);
        await using var other = beside?.Begin(execution);
        while (execution.Writer.State.Status == RunStatus.Running)
        {
            var step = MustWait(execution.Writer.State)
                ? Pause
                : Next(execution.Writer.State, execution.Time.GetUtcNow());
            if (looking is not null && step?.Name is "watch")
            {
                await looking.DisposeAsync().ConfigureAwait(false);
            }

            var next = step is null
                ? EndWell(execution.Writer.State)
                : await RunAsync(step, execution, cancellation).ConfigureAwait(false);
            if (next is null)
            {
                continue;
            }

            foreach (var look in next is RunContinued ? [] : new[] { looking, other }.OfType<IAsyncDisposable>())
            {
                // Nothing follows the end of a run in its journal, and no look at the service the beginning of the way back.
                await look.DisposeAsync().ConfigureAwait(false);
            }

            await execution.Writer.AppendAsync(next, cancellation).ConfigureAwait(false);
        }

        return execution.Writer.State;
    }

    /// <summary>Whether a person has paused the run before its change is made. Afterwards it goes on to its watch, which does not end before the person goes on.</summary>
    private static bool MustWait(RunState state) => state is { Paused: not null, InPlace: false, Rollback: null };

    /// <summary>The step that is next, or null when all have passed.</summary>
    private IStep? Next(RunState state, DateTimeOffset now) =>
        (state.Rollback is null ? deployment : rollback).FirstOrDefault(s =>
            s.IsPartOf(state) && (state.Step(s.Name).Status != StepStatus.Passed || s.IsDueAgain(state, now))
        );

    /// <summary>Runs a step and tells what follows; null where that is the next step.</summary>
    private static async Task<RunEvent?> RunAsync(IStep step, RunExecution execution, CancellationToken cancellation)
    {
        var running = new StepExecution(step, execution);
        var (outcome, order) = await running.RunAsync(cancellation).ConfigureAwait(false);
        if (outcome is not null)
        {
            await execution
                .Writer.AppendAsync(new StepEnded(step.Name, outcome.Result, outcome.Finding), cancellation)
                .ConfigureAwait(false);
        }

        return order switch
        {
            _ when outcome?.Result == StepResult.NeedsPerson => new RunEnded(RunResult.NeedsPerson, outcome.Finding),
            StepOrder.Suspend suspend => new RunSuspended(suspend.Reason),
            StepOrder.TargetLost lost => throw new TargetLostException(lost.Reason),
            StepOrder.GoBack back => GoBack(execution.Writer.State, back),
            _ when outcome is { Result: not StepResult.Passed } => await FailedAsync(execution, outcome, cancellation)
                .ConfigureAwait(false),
            _ => null,
        };
    }

    private static RunEnded EndWell(RunState state) =>
        state.Rollback is not { } back ? new RunEnded(RunResult.Completed, Message.Of("runs.completed"))
        : state.UndoneAt >= back.At ? new RunEnded(RunResult.Undone, Message.Of("runs.undone"))
        : new RunEnded(RunResult.RolledBack, Message.Of("runs.rolled-back", ("method", back.Method)));

    private static RunEvent? GoBack(RunState state, StepOrder.GoBack back) =>
        state.Rollback is not null ? null
        : state.InPlace ? back.Way.Begin(back.Reason, back.By)
        : new RunEnded(RunResult.Refused, back.Reason);

    private static async Task<RunEvent> FailedAsync(
        RunExecution execution,
        StepOutcome outcome,
        CancellationToken cancellation
    )
    {
        var state = execution.Writer.State;
        if (state.Rollback is not null)
        {
            return new RunEnded(RunResult.NeedsPerson, outcome.Finding);
        }

        if (!state.InPlace)
        {
            var result = outcome.Result == StepResult.Refused ? RunResult.Refused : RunResult.NothingChanged;
            return new RunEnded(result, outcome.Finding);
        }

        return execution.Policy.Automatic || IsOverdue(state, execution.Time.GetUtcNow())
            ? new RollbackStarted(execution.Policy.Method, outcome.Finding, null)
            : await new AskBeforeRollback(execution).RunAsync(outcome.Finding, cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether the watch has asked people already, as long as it may.</summary>
    private static bool IsOverdue(RunState state, DateTimeOffset now) =>
        state.Held is { Breaches: not null, Until: { } until } && now >= until;
}
