using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// Runs a run's steps in order from wherever its journal stands, and decides what follows each of them. The deployment's steps
/// come first; once a rollback has begun, only the rollback's steps are run.
/// </summary>
/// <param name="deployment">The steps there.</param>
/// <param name="rollback">The steps back.</param>
/// <param name="lookout">What reads the signals beside the steps until the watch does; null where nothing is to be read.</param>
internal sealed class RunEngine(IReadOnlyList<IStep> deployment, IReadOnlyList<IStep> rollback, Lookout? lookout = null)
{
    private static readonly PauseStep Pause = new();

    /// <summary>Goes on until the run has ended or is suspended, and returns its state.</summary>
    /// <exception cref="TargetLostException">The database or the run lock is gone; take both anew and call again.</exception>
    /// <exception cref="RunTakenOverException">A newer epoch has the run.</exception>
    /// <exception cref="JournalUnwritableException">The journal cannot be written and nothing new may be started.</exception>
    public async Task<RunState> RunAsync(RunExecution execution, CancellationToken cancellation)
    {
        await using var looking = lookout?.Begin(execution);
        while (execution.Writer.State.Status == RunStatus.Running)
        {
            var step = MustWait(execution.Writer.State)
                ? Pause
                : Next(execution.Writer.State, execution.Time.GetUtcNow());
            if (step is null)
            {
                await EndWellAsync(execution, cancellation).ConfigureAwait(false);
                break;
            }

            if (looking is not null && (step.Name is "watch" || execution.Writer.State.Rollback is not null))
            {
                await looking.DisposeAsync().ConfigureAwait(false);
            }

            var running = new StepExecution(step, execution);
            var (outcome, order) = await running.RunAsync(cancellation).ConfigureAwait(false);
            if (outcome is not null)
            {
                await execution
                    .Writer.AppendAsync(new StepEnded(step.Name, outcome.Result, outcome.Finding), cancellation)
                    .ConfigureAwait(false);
            }

            await FollowAsync(execution, outcome, order, cancellation).ConfigureAwait(false);
        }

        return execution.Writer.State;
    }

    /// <summary>Whether a person has paused the run before its change is made. Afterwards it goes on to its watch, which does not end before the person goes on.</summary>
    private static bool MustWait(RunState state) => state is { Paused: not null, InPlace: false, Rollback: null };

    /// <summary>The step that is next, or null when all have passed.</summary>
    private IStep? Next(RunState state, DateTimeOffset now) =>
        (state.Rollback is null ? deployment : rollback).FirstOrDefault(s =>
            state.Step(s.Name).Status != StepStatus.Passed || s.IsDueAgain(state, now)
        );

    private static Task EndWellAsync(RunExecution execution, CancellationToken cancellation)
    {
        var back = execution.Writer.State.Rollback;
        return execution.Writer.AppendAsync(
            back is null
                ? new RunEnded(RunResult.Completed, Message.Of("runs.completed"))
                : new RunEnded(RunResult.RolledBack, Message.Of("runs.rolled-back", ("method", back.Method))),
            cancellation
        );
    }

    private static Task FollowAsync(
        RunExecution execution,
        StepOutcome? outcome,
        StepOrder? order,
        CancellationToken cancellation
    ) =>
        order switch
        {
            _ when outcome?.Result == StepResult.NeedsPerson => EndAsync(
                execution,
                RunResult.NeedsPerson,
                outcome.Finding,
                cancellation
            ),
            StepOrder.Suspend suspend => execution.Writer.AppendAsync(new RunSuspended(suspend.Reason), cancellation),
            StepOrder.TargetLost lost => throw new TargetLostException(lost.Reason),
            StepOrder.GoBack back => GoBackAsync(execution, back, cancellation),
            _ when outcome is { Result: not StepResult.Passed } => FailedAsync(execution, outcome, cancellation),
            _ => Task.CompletedTask,
        };

    private static Task GoBackAsync(RunExecution execution, StepOrder.GoBack back, CancellationToken cancellation)
    {
        var state = execution.Writer.State;
        if (state.Rollback is not null)
        {
            return Task.CompletedTask;
        }

        return state.InPlace
            ? execution.Writer.AppendAsync(new RollbackStarted(back.Method, back.Reason, back.By), cancellation)
            : EndAsync(execution, RunResult.Refused, back.Reason, cancellation);
    }

    private static Task FailedAsync(RunExecution execution, StepOutcome outcome, CancellationToken cancellation)
    {
        var state = execution.Writer.State;
        if (state.Rollback is not null)
        {
            return EndAsync(execution, RunResult.NeedsPerson, outcome.Finding, cancellation);
        }

        if (!state.InPlace)
        {
            var result = outcome.Result == StepResult.Refused ? RunResult.Refused : RunResult.NothingChanged;
            return EndAsync(execution, result, outcome.Finding, cancellation);
        }

        return execution.Policy.Automatic || IsOverdue(state, execution.Time.GetUtcNow())
            ? execution.Writer.AppendAsync(
                new RollbackStarted(execution.Policy.Method, outcome.Finding, null),
                cancellation
            )
            : new AskBeforeRollback(execution).RunAsync(outcome.Finding, cancellation);
    }

    /// <summary>Whether the watch has asked people already, as long as it may.</summary>
    private static bool IsOverdue(RunState state, DateTimeOffset now) =>
        state.Held is { Breaches: not null, Until: { } until } && now >= until;

    private static Task EndAsync(
        RunExecution execution,
        RunResult result,
        Message finding,
        CancellationToken cancellation
    ) => execution.Writer.AppendAsync(new RunEnded(result, finding), cancellation);
}
