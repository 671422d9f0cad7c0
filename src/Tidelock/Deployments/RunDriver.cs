using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Notifications.Sending;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>
/// Takes hold of a run and lets the engine run it, again and again while the database or the lock is lost and comes back within
/// the patience.
/// </summary>
internal sealed class RunDriver(
    IJournal journal,
    RunEngine engine,
    Notifier notifier,
    IReadOnlyList<IRollbackMethod> rollbacks,
    TimeProvider time,
    RunPatience patience
)
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    /// <summary>Runs to the end of the run or of this program's part in it.</summary>
    /// <param name="opening">Events to append once the hold is taken for the first time.</param>
    public async Task<DeploymentEnd> RunAsync(
        RunId run,
        DeploymentRequest request,
        DeploymentTerminal terminal,
        bool takeOver,
        IReadOnlyList<RunEvent> opening,
        CancellationToken cancellation
    )
    {
        var losses = new RunLosses(time, patience.Database);
        while (true)
        {
            var reason = losses.Reason;
            try
            {
                var (end, state) = await OnceAsync(run, request, terminal, takeOver, opening, losses, cancellation)
                    .ConfigureAwait(false);
                return end ?? DeploymentEnd.Of(run, state!);
            }
            catch (TargetLostException e)
            {
                var lost = Message.Of("deployments.lost", ("reason", e.Problem), ("patience", patience.Database));
                terminal.Observer.Warned(lost);
                (opening, takeOver, reason) = ([], true, e.Problem);
            }
            catch (Exception e) when (reason is not null && IsStillAway(e))
            {
                reason = e is TidelockException known ? known.Problem : reason;
                await Task.Delay(RetryEvery, time, cancellation).ConfigureAwait(false);
            }

            if (losses.IsOver)
            {
                var finding = Message.Of("deployments.gave-up", ("run", run), ("reason", reason));
                if (losses.State is { } last)
                {
                    await notifier
                        .AlarmAsync(request.Change, run, Notifier.Left(last), finding, time)
                        .ConfigureAwait(false);
                }

                return new DeploymentEnd(
                    ExitCode.NeedsPerson,
                    losses.State is { } state
                        ? ClosedName.With(finding, run, state, request.Target, request.TargetEnvironment)
                        : finding,
                    run
                );
            }
        }
    }

    /// <summary>After a loss: the server is not back yet, or the journal that is on it.</summary>
    private static bool IsStillAway(Exception e) =>
        e is JournalUnwritableException
        || ConnectionLoss.IsLoss(e)
        || (e is TidelockException t && t.Problem.Code.StartsWith("postgres.", StringComparison.Ordinal));

    private async Task<(DeploymentEnd? End, RunState? State)> OnceAsync(
        RunId run,
        DeploymentRequest request,
        DeploymentTerminal terminal,
        bool takeOver,
        IReadOnlyList<RunEvent> opening,
        RunLosses losses,
        CancellationToken cancellation
    )
    {
        var known = await RunReader.StateAsync(journal, run, cancellation).ConfigureAwait(false);
        var settled = await SwapSettlement
            .OfAsync(request, run, known, takeOver, time, cancellation)
            .ConfigureAwait(false);
        if (settled.Stuck is { } stuck)
        {
            terminal.Observer.Warned(stuck);
        }

        if (settled.Holder is { } swapping)
        {
            return (Held(run, request, known, swapping), null);
        }

        var (hold, holder) = await RunHold
            .TakeAsync(journal, run, request.Target, known, losses, takeOver, time, cancellation)
            .ConfigureAwait(false);
        if (hold is null)
        {
            return (Held(run, request, known, holder!), null);
        }

        await using (hold)
        {
            var backups = request.Change.Section<GateOptions>().Backup.In(request.Change.Folder);
            BackupLeftovers.RemoveDumps(backups);

            // Beside the run: no way back waits for a server that is slow to stop.
            var removing = Task.Run(() => BackupLeftovers.RemoveRestoredAsync(backups, cancellation), cancellation);
            try
            {
                return await HeldAsync(run, request, terminal, hold, settled, opening, losses, cancellation)
                    .ConfigureAwait(false);
            }
            finally
            {
                await removing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static DeploymentEnd Held(RunId run, DeploymentRequest request, RunState known, LockHolder holder)
    {
        var finding = Message.Of("deployments.held", ("holder", holder.Describe(request.Target)));
        return new(
            ExitCode.AnotherRun,
            ClosedName.With(finding, run, known, request.Target, request.TargetEnvironment),
            run
        );
    }

    private async Task<(DeploymentEnd? End, RunState? State)> HeldAsync(
        RunId run,
        DeploymentRequest request,
        DeploymentTerminal terminal,
        RunHold hold,
        SwapSettlement settled,
        IReadOnlyList<RunEvent> opening,
        RunLosses losses,
        CancellationToken cancellation
    )
    {
        // Read only now: with the epoch taken, nobody else can append any more.
        var entries = await RunReader.EntriesAsync(journal, run, cancellation).ConfigureAwait(false);
        var events = entries.Select(RunEvents.Parse).ToList();
        var clock = new SteadyTime(time, events is [.., var newest] ? newest.At : DateTimeOffset.MinValue);
        var writer = new RunWriter(
            journal,
            run,
            hold.Epoch,
            RunState.Of(events),
            entries is [.., var last] ? last : null,
            clock,
            patience.Journal,
            terminal.Observer
        );
        try
        {
            await WrittenAsync(run, request, terminal, hold, settled, opening, writer, losses, clock, cancellation)
                .ConfigureAwait(false);
        }
        catch (TargetLostException e)
        {
            losses.Lost(e.Problem, writer.State);
            throw;
        }
        catch (JournalUnwritableException) when (losses.Reason is null && writer.State.Steps.Count > 0)
        {
            // What is missing is told once the writer has tried for the last time.
        }
        finally
        {
            await writer.DisposeAsync().ConfigureAwait(false);
        }

        if (writer.Unstored.Count == 0)
        {
            return (null, writer.State);
        }

        var end = NotJournaled(run, writer);
        await notifier
            .AlarmAsync(request.Change, run, Unwritten(writer.State), end.Finding, time)
            .ConfigureAwait(false);
        return (end, null);
    }

    /// <summary>A way back that is not written down is begun again and not resumed.</summary>
    private static RunState Unwritten(RunState state) =>
        state.Rollback is null
            ? Notifier.Left(state)
            : state with
            {
                Status = RunStatus.Ended,
                Result = RunResult.NeedsPerson,
            };

    /// <summary>What happened and stands in no journal: the person is told all of it, and how it gets there.</summary>
    private DeploymentEnd NotJournaled(RunId run, RunWriter writer)
    {
        var state = writer.State;
        var isBack = state.Rollback is not null;
        return new DeploymentEnd(
            ExitCode.NeedsPerson,
            Message.Of(
                isBack ? "deployments.not-journaled-back" : "deployments.not-journaled",
                ("run", run),
                ("count", writer.Unstored.Count),
                ("events", string.Join(", ", writer.Unstored.Select(e => e.Kind).Distinct(StringComparer.Ordinal))),
                ("journal", journal.Location),
                ("reason", writer.Problem),
                ("standing", Message.Of(state.InPlace ? "deployments.in-place" : "deployments.not-in-place"))
            ),
            run,
            state
        );
    }

    private async Task WrittenAsync(
        RunId run,
        DeploymentRequest request,
        DeploymentTerminal terminal,
        RunHold hold,
        SwapSettlement settled,
        IReadOnlyList<RunEvent> opening,
        RunWriter writer,
        RunLosses losses,
        TimeProvider clock,
        CancellationToken cancellation
    )
    {
        var swapped = settled.Event(writer.State);
        var state = swapped?.Apply(writer.State) ?? writer.State;
        var name = run.ApplicationName(hold.Epoch);
        var lost = await settled.LostAsync(request.Target, name, state, cancellation).ConfigureAwait(false);
        var failover =
            lost.Count > 0
                ? null
                : await Failover
                    .FindAsync(request.Target, name, state, Again(state), cancellation)
                    .ConfigureAwait(false);
        var epoch = new EpochTaken(hold.Epoch, Environment.MachineName, Environment.ProcessId) { By = request.By };
        IEnumerable<RunEvent> found = [.. new RunEvent?[] { epoch, swapped, failover }.OfType<RunEvent>(), .. lost];
        foreach (var e in state.Started is null ? [.. opening, .. found] : found.Concat(opening))
        {
            await writer.AppendAsync(e, cancellation).ConfigureAwait(false);
        }

        losses.Found();
        await using var pump = new RunPump(journal, run, writer, terminal.Requests.Writer, terminal.Observer, time);
        await using var ending = hold.Lost.Register(() =>
            terminal.Requests.Writer.TryWrite(new RunRequest.LockLost(hold.Epoch))
        );
        var execution = Execution(run, request, terminal, writer, clock) with { RunLock = hold.Lock };
        await using var notifying = notifier.Begin(execution);
        await engine.RunAsync(execution, cancellation).ConfigureAwait(false);
        await notifying.FinishAsync().ConfigureAwait(false);
    }

    /// <summary>Which step had done what a failover may have lost, and may do it again.</summary>
    private string? Again(RunState state)
    {
        var step = state switch
        {
            { Status: RunStatus.Ended } => null,
            { Rollback: null } => MigrateStep.StepName,
            { Rollback.Method: var method } => rollbacks.Any(r => r.Name == method && !r.MayBeRepeated)
                ? null
                : RevertStep.StepName,
        };
        return step is not null && state.Step(step).Status == StepStatus.Passed ? step : null;
    }

    private static RunExecution Execution(
        RunId run,
        DeploymentRequest request,
        DeploymentTerminal terminal,
        RunWriter writer,
        TimeProvider clock
    )
    {
        var options = request.Change.Section<RollbackOptions>();
        return new RunExecution(
            run,
            request.Change,
            request.TargetEnvironment,
            request.Target,
            writer,
            terminal.Observer,
            terminal.Requests.Reader,
            terminal.Requests.Writer,
            terminal.Dialogue,
            new RollbackPolicy(options.Method, options.Automatic, options.AskFor),
            request.By,
            clock
        );
    }
}
