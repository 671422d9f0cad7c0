using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>One step while it runs, beside the requests that arrive meanwhile.</summary>
internal sealed class StepExecution(IStep step, RunExecution execution)
{
    private StepOrder? order;
    private RunRequest? followed;
    private StepOrder.TargetLost? lost;

    /// <summary>Runs the step to its end. No outcome means that it was stopped and may be run again.</summary>
    public async Task<(StepOutcome? Outcome, StepOrder? Order)> RunAsync(CancellationToken cancellation)
    {
        var state = execution.Writer.State;
        await execution
            .Writer.AppendAsync(new StepStarted(step.Name, state.Step(step.Name).Attempts + 1), cancellation)
            .ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var ended = new CancellationTokenSource();
        var work = Task.Run(() => WorkAsync(stop.Token), CancellationToken.None);
        var listen = ListenAsync(stop, ended.Token);
        await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ended.CancelAsync().ConfigureAwait(false);
        await listen.ConfigureAwait(false);

        // Only now: the last request may have been taken while the step was ending.
        var outcome = await work.ConfigureAwait(false);
        if (lost is not null && followed is not null)
        {
            // What was asked for is followed once the database can say what is in place.
            execution.Answers.TryWrite(followed);
        }

        return (outcome, lost ?? order);
    }

    private async Task<StepOutcome?> WorkAsync(CancellationToken stop)
    {
        var context = new StepContext(
            step.Name,
            execution.Run,
            execution.Change,
            execution.TargetEnvironment,
            execution.Target,
            execution.Time,
            execution.Writer,
            execution.Observer
        )
        {
            RunLock = execution.RunLock,
        };
        try
        {
            return await step.RunAsync(context, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RunTakenOverException or JournalUnwritableException)
        {
            throw;
        }
        catch (Exception e) when (e is TargetLostException || ConnectionLoss.IsLoss(e))
        {
            lost = new StepOrder.TargetLost(Problem(e));
            return null;
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            return StepOutcome.Failed(Problem(e));
        }
    }

    private static Message Problem(Exception e) =>
        e switch
        {
            TidelockException t => t.Problem,
            PostgresException p => Message.Of(
                "runs.sql-failed",
                ("code", p.SqlState),
                ("reason", p.MessageText),
                ("detail", p.Hint ?? p.Where ?? "-")
            ),
            _ => Message.Of("runs.step-failed", ("kind", e.GetType().Name), ("reason", e.Message)),
        };

    private async Task ListenAsync(CancellationTokenSource stop, CancellationToken ended)
    {
        try
        {
            // What a person asked for before a crash still holds.
            order ??= Asked();
            if (order is not null)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                return;
            }

            await foreach (var request in execution.Requests.ReadAllAsync(ended).ConfigureAwait(false))
            {
                order = await OrderAsync(request, ended).ConfigureAwait(false) ?? order;
                if (order is not null)
                {
                    followed = request;
                    await stop.CancelAsync().ConfigureAwait(false);
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The step has ended; what is still in the channel is read by the next one.
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private StepOrder.GoBack? Asked() =>
        execution.Writer.State.Asked is { } asked ? Back(asked.By, asked.Argument) : null;

    private async Task<StepOrder?> OrderAsync(RunRequest request, CancellationToken ended) =>
        request switch
        {
            RunRequest.Command command => await CommandAsync(command.Row).ConfigureAwait(false),
            RunRequest.Suspend suspend => new StepOrder.Suspend(suspend.Reason),
            RunRequest.LockLost lost when lost.Epoch == execution.Writer.State.Epoch => new StepOrder.TargetLost(
                Message.Of("runs.lock-lost", ("target", execution.Target))
            ),
            RunRequest.Interrupt => Interrupted(ended),
            RunRequest.InterruptAnswered answered => Answered(answered),
            _ => null,
        };

    private async Task<StepOrder?> CommandAsync(RunCommand row)
    {
        if (execution.Writer.State.TakenCommands.Contains(row.Id))
        {
            return null;
        }

        await execution
            .Writer.AppendAsync(BoundCommand.Taken(row, execution), CancellationToken.None)
            .ConfigureAwait(false);
        return row.Verb switch
        {
            RunVerb.Rollback or RunVerb.Abort => Back(row.By, row.Argument),
            RunVerb.Continue
            or RunVerb.Extend
            or RunVerb.Pause
            or RunVerb.Withdraw
            or RunVerb.Bound
            or RunVerb.Confirm => null,
        };
    }

    /// <summary>
    /// Before the change is in place Ctrl-C gives the run up; after it the person is asked, and the step goes on. On the way back,
    /// with the change gone already, it only leaves the rest to a later resume.
    /// </summary>
    private StepOrder? Interrupted(CancellationToken ended)
    {
        if (!execution.Writer.State.InPlace)
        {
            if (execution.Writer.State.Rollback is not null)
            {
                return new StepOrder.Suspend(Message.Of("runs.stopped-on-the-way-back", ("by", execution.By)));
            }

            return Back(execution.By, "");
        }

        _ = AskAsync(ended);
        return null;
    }

    private async Task AskAsync(CancellationToken ended)
    {
        try
        {
            var answer = await execution
                .Dialogue.AskAfterInterruptAsync(execution.Writer.State, ended)
                .ConfigureAwait(false);
            execution.Answers.TryWrite(new RunRequest.InterruptAnswered(answer ?? InterruptAnswer.Leave, execution.By));
        }
        catch (OperationCanceledException)
        {
            // The step ended before the person answered; the next Ctrl-C asks again.
        }
    }

    private StepOrder? Answered(RunRequest.InterruptAnswered answered) =>
        answered.Answer switch
        {
            InterruptAnswer.KeepWatching => null,
            InterruptAnswer.RollBack => Back(answered.By, ""),
            InterruptAnswer.Leave => new StepOrder.Suspend(Message.Of("runs.left-unwatched", ("by", answered.By))),
        };

    /// <summary>The way back, unless it is being gone already.</summary>
    private StepOrder.GoBack? Back(string by, string way) =>
        execution.Writer.State.Rollback is not null
            ? null
            : new(by, RollbackWay.Parse(way, execution.Policy.Method), Message.Of("runs.asked-by", ("by", by)));
}
