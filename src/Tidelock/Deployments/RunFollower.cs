using Tidelock.Programs;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>Stays beside a run that another program runs: shows its events as they are stored, until it ends or its program does.</summary>
internal sealed class RunFollower(IJournal journal, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <summary>How often the inbox is looked into.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    /// <summary>How long a program of this machine that is gone may still have something in the journal that was not read yet.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    /// <summary>After how long without an event somebody is told that the program of another machine may be gone.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    /// <summary>Follows a run that has taken a command, and ends as the run does; Ctrl-C ends the following and not the run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="command">The command's id: what came before it is not shown again. Null: the run is looked at from its begin, and whoever stops looking has not left anything undone.</param>
    /// <param name="terminal">Where it is seen, and where Ctrl-C comes from.</param>
    public async Task<DeploymentEnd> FollowAsync(
        RunId run,
        string? command,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        var (state, last) = (RunState.Empty, 0L);
        var heard = time.GetTimestamp();
        long? asked = null;
        while (true)
        {
            await foreach (var entry in journal.ReadAsync(run.Value, last, cancellation).ConfigureAwait(false))
            {
                var e = RunEvents.Parse(entry);
                (state, last, heard) = (e.Apply(state), entry.Sequence, time.GetTimestamp());
                if (command is null || state.TakenCommands.Contains(command))
                {
                    terminal.Observer.Happened(e, state);
                }
            }

            if (asked is not { } then || time.GetElapsedTime(then) >= AskEvery)
            {
                asked = time.GetTimestamp();
                var inbox = await journal.InboxAsync(run, cancellation).ConfigureAwait(false);
                terminal.Observer.Waiting(RunCommand.Pending(inbox, state));
            }

            if (IsOver(state, time.GetElapsedTime(heard)))
            {
                return DeploymentEnd.Of(run, state);
            }

            if (terminal.Requests.Reader.TryRead(out _))
            {
                return command is null
                    ? new DeploymentEnd(ExitCode.Done, Message.Of("deployments.looked-away", ("run", run)), run, state)
                    : DeploymentEnd.Of(run, state);
            }

            if (time.GetElapsedTime(heard) > Silence)
            {
                terminal.Observer.Warned(Message.Of("deployments.silent", ("run", run), ("host", state.Host)));
                heard = time.GetTimestamp();
            }

            await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
        }
    }

    private static bool IsOver(RunState state, TimeSpan silent) =>
        state.Status is RunStatus.Ended or RunStatus.Suspended || (silent > LastWords && IsGone(state));

    /// <summary>Only a program of this machine can be looked for.</summary>
    private static bool IsGone(RunState state) =>
        string.Equals(state.Host, Environment.MachineName, StringComparison.Ordinal)
        && !StartedChild.Of(state.ProcessId).IsRunning;
}
