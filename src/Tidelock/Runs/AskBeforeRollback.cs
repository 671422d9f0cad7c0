using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// The policy "ask" outside of the watch: holds the run, and goes back by itself when nobody has decided within the limit. The watch asks
/// by itself, because it goes on meanwhile.
/// </summary>
internal sealed class AskBeforeRollback(RunExecution execution)
{
    /// <summary>Comes back with what people decided, or time did.</summary>
    public async Task<RunEvent> RunAsync(Message finding, CancellationToken cancellation)
    {
        var writer = execution.Writer;
        var reason = Message.Of(
            "runs.asking",
            ("reason", finding),
            ("limit", execution.Policy.AskFor),
            ("method", execution.Policy.Method)
        );
        var until = writer.State.Held?.Until ?? execution.Time.GetUtcNow() + execution.Policy.AskFor;
        await writer.AppendAsync(new RunHeld(reason, until), cancellation).ConfigureAwait(false);
        return await DecisionAsync(finding, until, cancellation).ConfigureAwait(false);
    }

    private async Task<RunEvent> DecisionAsync(Message finding, DateTimeOffset until, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Left(until), execution.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            await foreach (var request in execution.Requests.ReadAllAsync(either.Token).ConfigureAwait(false))
            {
                if (await DecisionAsync(request, cancellation).ConfigureAwait(false) is { } decision)
                {
                    return decision;
                }
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // Nobody decided in time.
        }

        cancellation.ThrowIfCancellationRequested();
        return new RollbackStarted(execution.Policy.Method, finding, null);
    }

    private async Task<RunEvent?> DecisionAsync(RunRequest request, CancellationToken cancellation)
    {
        if (request is RunRequest.Command { Row: var row } && !execution.Writer.State.TakenCommands.Contains(row.Id))
        {
            await execution.Writer.AppendAsync(BoundCommand.Taken(row, execution), cancellation).ConfigureAwait(false);
            return row.Verb switch
            {
                RunVerb.Rollback or RunVerb.Abort => RollbackWay
                    .Parse(row.Argument, execution.Policy.Method)
                    .Begin(Message.Of("runs.asked-by", ("by", row.By)), row.By),
                RunVerb.Continue => new RunContinued(Message.Of("runs.continued-by", ("by", row.By))),
                RunVerb.Extend or RunVerb.Pause or RunVerb.Withdraw or RunVerb.Bound or RunVerb.Confirm => null,
            };
        }

        return request switch
        {
            RunRequest.Suspend suspend => new RunSuspended(suspend.Reason),
            RunRequest.LockLost lost when lost.Epoch == execution.Writer.State.Epoch => throw new TargetLostException(
                Message.Of("runs.lock-lost", ("target", execution.Target))
            ),
            RunRequest.Interrupt => new RunSuspended(Message.Of("runs.left-unwatched", ("by", execution.By))),
            RunRequest.InterruptAnswered { Answer: InterruptAnswer.Leave, By: var by } => new RunSuspended(
                Message.Of("runs.left-unwatched", ("by", by))
            ),
            RunRequest.InterruptAnswered { Answer: InterruptAnswer.RollBack, By: var by } => new RollbackStarted(
                execution.Policy.Method,
                Message.Of("runs.asked-by", ("by", by)),
                by
            ),
            _ => null,
        };
    }

    private TimeSpan Left(DateTimeOffset until)
    {
        var left = until - execution.Time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
